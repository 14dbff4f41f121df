// Configuration files: `key = value` lines below `[section]` headings, and comments after `#` or `;`.
//
// A value must be in double quotes if it is empty, contains quotes, `#` or `;`, or begins or ends with a blank; \" and
// \\ are escapes. Error messages contain file and line. Unreadable files: Error(io); all other errors: Error(usage).
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/settings.h"

namespace astro::app {

struct ConfigEntry {
    std::string key;  // "planner.gap"
    std::string value;
    std::string comment;  // text after # on the line, trimmed
    std::string where;    // "file.ini:12: planner.gap"
};

// Malformed lines and repeated keys are errors. `name` is the name of the file in messages.
std::vector<ConfigEntry> parse_config(const std::string& content, const std::string& name);
std::vector<ConfigEntry> read_config(const std::string& path);

// All settings in the format of a configuration file that yields the same values, with their origins as comments. The
// output depends only on values and origins.
std::string dump_config(const Settings& settings, const std::string& preset, const std::string& preset_origin);

}  // namespace astro::app
