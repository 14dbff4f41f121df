// One JSON object written on one line, members in the order they were added.
//
// Non-goals: reading (data/), nesting deeper than add_raw allows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace astro::app {

// A JSON string with its quotes. Bytes beyond ASCII are passed on as they are (UTF-8).
std::string json_text(const std::string& words);
std::string json_list(const std::vector<std::string>& items);  // of values that are JSON already

class JsonObject {
  public:
    JsonObject& add(const std::string& key, const std::string& value) {
        return add_raw(key, json_text(value));
    }
    JsonObject& add(const std::string& key, const char* value) { return add_raw(key, json_text(value)); }
    JsonObject& add(const std::string& key, int64_t value) { return add_raw(key, std::to_string(value)); }
    JsonObject& add(const std::string& key, int value) { return add_raw(key, std::to_string(value)); }
    JsonObject& add_raw(const std::string& key, const std::string& json);
    std::string text() const { return "{" + members_ + "}"; }

  private:
    std::string members_;
};

}  // namespace astro::app
