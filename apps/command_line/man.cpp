// The man page astro(1).
#include "apps/command_line/pages.h"

namespace astro::app {
namespace {

// Text in roff: a backslash and a minus are escaped, and a line must not begin with a dot or a quote.
std::string roff(const std::string& text) {
    std::string out = !text.empty() && (text[0] == '.' || text[0] == '\'') ? "\\&" : "";
    for (char c : text) out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
    return out;
}

std::string item(const Setting& setting, bool with_source) {
    std::string details = "Default " + initial_of(setting) + "; " + expectation(setting.kind, setting.domain);
    if (with_source) details += std::string("; ") + source_name(setting.source);
    return ".TP\n.B " + roff("--" + setting.key) + "\n" + roff(setting.meaning) + ".\n" + roff(details) + ".\n";
}

}  // namespace

std::string man_page(const CommandLine& line) {
    std::string page = ".SS " + roff(line.usage()) + "\n" + roff(line.command().summary) + "\n";
    for (const Setting& setting : line.options().all()) page += item(setting, false);
    if (!line.configurable()) return page;
    return page + ".PP\n" + roff("It reads the settings of: " + sections_read(line) + ".") + "\n";
}

std::string man_of_config() {
    return config_by_section([](const Setting& setting) { return item(setting, true); },
                             [](const Settings::Section& section, const std::string& items) {
                                 return ".SS " + roff(section.title) + "\n" + items;
                             });
}

}  // namespace astro::app
