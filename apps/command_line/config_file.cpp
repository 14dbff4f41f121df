#include "apps/command_line/config_file.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "apps/run/run_dir.h"
#include "data/file.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"

namespace astro::app {
namespace {

constexpr const char* kBlanks = " \t\r";
constexpr size_t kLongestKey = 80;     // longer than every setting
constexpr size_t kCommentColumn = 44;  // column of comments in dump_config

std::string trim(const std::string& line) {
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos) return "";
    return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

// Splits a line at the # or ; that starts a comment: outside quotes, and at the start of the line or after a blank.
void split_comment(const std::string& line, std::string& content, std::string& comment) {
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        if (quoted && line[i] == '\\') {
            ++i;
        } else if (line[i] == '"') {
            quoted = !quoted;
        } else if ((line[i] == '#' || line[i] == ';') && !quoted &&
                   (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
            content = trim(line.substr(0, i));
            comment = trim(line.substr(i + 1));
            return;
        }
    }
    content = trim(line);
    comment.clear();
}

// Lines may end with LF, CR LF or CR, depending on the system where the file was written.
std::string with_plain_line_ends(std::string content) {
    for (size_t i = 0; i < content.size(); ++i)
        if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) content[i] = '\n';
    return content;
}

bool is_name(const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
    });
}

std::string quote(const std::string& value) {
    if (!value.empty() && trim(value) == value && value.find_first_of("\"\\#;") == std::string::npos) return value;
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

std::string unquote(const std::string& value, const std::string& where) {
    if (value.empty()) fail(ErrorKind::usage, where, ": no value; write \"\" for empty text");
    if (value.size() > 1 && value[0] == '\'' && value.back() == '\'') return value.substr(1, value.size() - 2);
    if (value[0] != '"') return value;
    std::string plain;
    size_t i = 1;
    for (; i < value.size() && value[i] != '"'; ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        plain += value[i];
    }
    if (i + 1 != value.size()) fail(ErrorKind::usage, where, ": text in quotes must end with the closing quote");
    return plain;
}

}  // namespace

std::vector<ConfigEntry> parse_config(const std::string& content, const std::string& name) {
    std::vector<ConfigEntry> entries;
    std::set<std::string> seen;
    std::string section;
    std::istringstream lines(with_plain_line_ends(data::without_byte_order_mark(content)));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        const std::string place = text(name, ":", number);
        std::string statement, comment;
        split_comment(line, statement, comment);
        if (statement.empty()) continue;
        if (statement[0] == '[') {
            section = statement.back() == ']' ? trim(statement.substr(1, statement.size() - 2)) : "";
            if (!is_name(section))
                fail(ErrorKind::usage, place, ": expected [section], found: ", printable(statement, 60));
            continue;
        }
        const size_t equals = statement.find('=');
        const std::string key = equals == std::string::npos ? "" : trim(statement.substr(0, equals));
        if (!is_name(key)) fail(ErrorKind::usage, place, ": expected key = value, found: ", printable(statement, 60));
        ConfigEntry entry;
        if (key.size() + section.size() > kLongestKey)
            fail(ErrorKind::usage, place, ": unknown setting ", printable(key, 60));
        entry.key = section.empty() ? key : section + "." + key;
        entry.where = place + ": " + entry.key;
        entry.value = unquote(trim(statement.substr(equals + 1)), entry.where);
        entry.comment = comment;
        std::string spelling = entry.key;
        std::replace(spelling.begin(), spelling.end(), '-', '_');
        if (!seen.insert(spelling).second) fail(ErrorKind::usage, entry.where, " is set twice in this file");
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::vector<ConfigEntry> read_config(const std::string& path) { return parse_config(data::read_text_file(path), path); }

std::string dump_config(const Settings& settings, const std::string& preset, const std::string& preset_origin) {
    std::string out;
    const auto line = [&out](const std::string& key, const std::string& value, const std::string& origin) {
        std::string statement = key + " = " + quote(value);
        statement.resize(std::max(statement.size() + 1, kCommentColumn), ' ');
        out += statement + "# " + origin + "\n";
    };
    line("preset", preset, preset_origin);
    for (const Settings::Section& section : settings.sections()) {
        if (!section.prefix.empty()) out += "\n[" + section.prefix + "]\n";
        for (const Setting& setting : settings.all())
            if (setting.section == section.prefix) line(setting.name, setting.text(), setting.origin);
    }
    return out;
}

}  // namespace astro::app
