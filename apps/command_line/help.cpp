// Help pages and the manual, generated from the descriptions of the options.
#include <algorithm>

#include "apps/command_line/pages.h"

namespace astro::app {

std::string wrap(const std::string& words, size_t columns, const std::string& first) {
    const size_t indent = first.size();
    std::string out, line = first;
    size_t start = 0;
    while (start < words.size()) {
        const size_t space = std::min(words.find(' ', start), words.size());
        const std::string word = words.substr(start, space - start);
        if (line.size() + 1 + word.size() > columns && line.size() > indent) {
            out += line + "\n";
            line.assign(indent, ' ');
        }
        line += (line.size() > indent ? " " : "") + word;
        start = space + 1;
    }
    return out + line + "\n";
}
namespace {

std::string wrap_entry(const std::string& words) { return wrap(words, kTerminalColumns, "      "); }

const char* placeholder(SettingKind kind) {
    switch (kind) {
        case SettingKind::boolean:
            return "";
        case SettingKind::integer:
            return " N";
        case SettingKind::real:
            return " X";
        case SettingKind::word:
            return " WORD";
        case SettingKind::text:
            return " TEXT";
        case SettingKind::integer_list:
            return " N,...";
        case SettingKind::real_list:
            return " X,...";
        case SettingKind::word_list:
            return " WORD,...";
    }
    return "";
}

std::string entry(const Setting& setting, bool with_source) {
    std::string details = "default " + initial_of(setting);
    const bool plain =
        setting.kind == SettingKind::boolean || (setting.kind == SettingKind::text && setting.domain.choices.empty());
    if (!plain) details += "; " + expectation(setting.kind, setting.domain);
    if (with_source) details += std::string("; ") + source_name(setting.source);
    return "  --" + setting.key + placeholder(setting.kind) + "\n" + wrap_entry(setting.meaning) +
           wrap_entry("[" + details + "]");
}

// An entry of the manual: "- `key` = `default`: meaning. Takes ...; source.".
std::string item(const Setting& setting, bool with_source) {
    const std::string takes = expectation(setting.kind, setting.domain),
                      source = with_source ? std::string("; ") + source_name(setting.source) : "";
    return wrap(
        "`" + setting.key + "` = `" + initial_of(setting) + "`: " + setting.meaning + ". *" + takes + source + ".*",
        118, "- ");
}

}  // namespace

std::string initial_of(const Setting& setting) { return setting.initial.empty() ? "none" : setting.initial; }

std::string sections_read(const CommandLine& line) {
    std::string names;
    for (const Settings::Section& section : line.settings().sections())
        if (line.uses(section.prefix))
            names += (names.empty() ? "" : ", ") + (section.prefix.empty() ? "general" : section.prefix);
    return names;
}

std::string by_section(const Settings& settings, const ItemText& item, const SectionText& text) {
    std::string page;
    for (const Settings::Section& section : settings.sections()) {
        std::string items;
        for (const Setting& setting : settings.all())
            if (setting.section == section.prefix) items += item(setting);
        page += text(section, items);
    }
    return page;
}

std::string config_by_section(const ItemText& item, const SectionText& text) {
    Config config;
    Settings settings;
    settings.add_sections(config);
    return by_section(settings, item, text);
}

std::string help_page(const CommandLine& line) {
    std::string page = line.usage() + "\n\n" + wrap(line.command().summary, kTerminalColumns, "");
    if (!line.options().all().empty()) page += "\nOptions\n";
    for (const Setting& setting : line.options().all()) page += entry(setting, false);
    if (!line.configurable()) return page;
    page += "\n" + wrap(
                       "Settings, given as options or in configuration files ([section], then key = value). Defaults "
                       "are those of preset cpu. Each entry ends with its source: the paper, a repository (HILP, CORL, "
                       "OGBench), or ours.",
                       kTerminalColumns, "");
    return page + by_section(
                      line.settings(), [](const Setting& setting) { return entry(setting, true); },
                      [&](const Settings::Section& section, const std::string& items) {
                          return line.uses(section.prefix) ? "\n" + section.title + "\n" + items : std::string();
                      });
}

std::string markdown_page(const CommandLine& line) {
    std::string page =
        "## astro " + line.command_name() + "\n\n" + line.command().summary + "\n\n    " + line.usage() + "\n\n";
    for (const Setting& setting : line.options().all()) page += item(setting, false);
    if (line.configurable()) page += "\n" + wrap("Settings of: " + sections_read(line) + ".", 118, "");
    return page + "\n";
}

std::string markdown_of_config() {
    return config_by_section([](const Setting& setting) { return item(setting, true); },
                             [](const Settings::Section& section, const std::string& items) {
                                 return "## " + section.title + "\n\n" + items + "\n";
                             });
}

}  // namespace astro::app
