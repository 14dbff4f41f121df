#include "apps/run/output.h"

#include <algorithm>
#include <cstdio>

#include "apps/command_line/settings.h"
#include "data/file.h"
#include "data/npz.h"

namespace astro::app {

namespace {

bool is_table(const data::Json& value) {
    return value.kind() == data::Json::Kind::array && !value.elements().empty() &&
           value.elements()[0].kind() == data::Json::Kind::object;
}

}  // namespace

std::string at_tolerance(const std::string& key, double tolerance) { return key + "_" + print_real(tolerance); }

void refuse_to_overwrite(const std::string& out, const std::string& what) {
    fail(ErrorKind::usage, "--out ", out, " exists and is not ", what,
         ", so it is not overwritten; hint: another name");
}

void require_npz_name(const std::string& out) {
    if (out.size() < 5 || out.compare(out.size() - 4, 4, ".npz") != 0)
        fail(ErrorKind::usage, "--out ", out, ": expected a name that ends in .npz");
}

void require_npz(const std::string& out, const std::string& key) {
    require_npz_name(out);
    if (!data::file_exists(out)) return;
    bool own = false;
    try {
        own = data::NpzReader(out).find(key) != nullptr;
    } catch (const Error&) {  // not an NPZ file
    }
    if (!own) refuse_to_overwrite(out, "a file of this command");
}

std::vector<std::string> keys_of(const data::Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.members()) keys.push_back(key);
    return keys;
}

void print_line(const data::Json& json) {
    std::printf("%s\n", json.dump(0).c_str());
    std::fflush(stdout);
}

void print_new(const data::Json& results, const std::vector<std::string>& before, bool json) {
    data::Json added = data::Json::object();
    for (const auto& [key, value] : results.members())
        if (std::find(before.begin(), before.end(), key) == before.end()) added[key] = value;
    if (json) {
        std::printf("%s\n", added.dump().c_str());
        return;
    }
    for (const auto& [key, value] : added.members())
        if (value.kind() == data::Json::Kind::real)
            std::printf("%-44s %.6g\n", key.c_str(), value.as_real());
        else if (is_table(value))
            std::printf("%-44s %zu entries (--json shows them)\n", key.c_str(), value.elements().size());
        else
            std::printf("%-44s %s\n", key.c_str(), value.dump(0).c_str());
}

}  // namespace astro::app
