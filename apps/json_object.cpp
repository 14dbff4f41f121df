#include "apps/json_object.h"

#include <cstdio>

namespace astro::app {

std::string json_text(const std::string& words) {
    std::string out = "\"";
    for (const char c : words) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string json_list(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
    return "[" + out + "]";
}

JsonObject& JsonObject::add_raw(const std::string& key, const std::string& json) {
    members_ += (members_.empty() ? "" : ", ") + json_text(key) + ": " + json;
    return *this;
}

}  // namespace astro::app
