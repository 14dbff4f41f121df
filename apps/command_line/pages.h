// Descriptions of commands and settings, written from their tables: --help, docs/cli.md, the man page, and the
// completion of words in shells.
#pragma once

#include <functional>
#include <string>

#include "apps/command_line/options.h"

namespace astro::app {

Page help_page;        // the output of --help
Page markdown_page;    // the command's section of docs/cli.md
Page man_page;         // the command's part of the man page, in roff
Page completion_page;  // the command's cases in the script of completion_script

constexpr size_t kTerminalColumns = 80;

// Wraps words at a width and indents each line; the first line begins with `first`, of the same width.
std::string wrap(const std::string& words, size_t columns, const std::string& first);

// What the pages share: the default as words, the sections of the configuration that a command reads ("general, tdr"),
// and the texts of the sections, each made from the texts of its settings.
std::string initial_of(const Setting& setting);
std::string sections_read(const CommandLine& line);
using ItemText = std::function<std::string(const Setting& setting)>;
using SectionText = std::function<std::string(const Settings::Section& section, const std::string& items)>;
std::string by_section(const Settings& settings, const ItemText& item, const SectionText& text);
// Those of the whole configuration.
std::string config_by_section(const ItemText& item, const SectionText& text);

// All settings of the configuration, by section.
std::string markdown_of_config();
std::string man_of_config();

// The beginning and the end of a script for bash or zsh that completes names of commands, options and words that
// options take; the cases of the commands come between.
std::string completion_head(const std::string& shell);
std::string completion_tail();

}  // namespace astro::app
