// Descriptions of commands and settings, written from their tables: --help, docs/cli.md, the man page, and the
// completion of words in shells.
#pragma once

#include <string>

#include "apps/command_line/options.h"

namespace astro::app {

Page help_page;        // the output of --help
Page markdown_page;    // the command's section of docs/cli.md
Page man_page;         // the command's part of the man page, in roff
Page completion_page;  // the command's cases in the script of completion_script

// All settings of the configuration, by section.
std::string markdown_of_config();
std::string man_of_config();

// The beginning and the end of a script for bash or zsh that completes names of commands, options and words that
// options take; the cases of the commands come between.
std::string completion_head(const std::string& shell);
std::string completion_tail();

}  // namespace astro::app
