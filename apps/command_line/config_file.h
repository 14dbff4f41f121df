// Flat configuration files: `key = value` lines below `[section]` headings, comments after `#` or `;`.
//
// Text that is empty or holds quotes, `#`, `;` or blanks at its ends is written in double quotes, with \" and \\ for
// the two characters. Errors name file and line. Unreadable files: Error(io); everything else: Error(usage).
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/settings.h"

namespace astro::app {

struct ConfigEntry {
    std::string key;  // "planner.gap"
    std::string value;
    std::string comment;  // what follows # on the line, trimmed
    std::string where;    // "file.ini:12: planner.gap"
};

// Refuses malformed lines and keys that appear twice. `name` stands for the file in messages.
std::vector<ConfigEntry> parse_config(const std::string& content, const std::string& name);
std::vector<ConfigEntry> read_config(const std::string& path);

// Every setting as a file that reads back to the same values, each with its origin as comment. The same
// values and origins give the same bytes.
std::string dump_config(const Settings& settings, const std::string& preset, const std::string& preset_origin);

}  // namespace astro::app
