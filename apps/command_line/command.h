// The table of commands. A command is one file in apps/commands and one row in apps/commands/commands.cpp;
// tests/test_added_command.cpp contains a small example.
#pragma once

#include <string>
#include <vector>

namespace astro::app {

class CommandLine;

// Adds the options of the command to the line, parses it, executes the command, prints results on stdout and returns
// the exit code. Failures are thrown as Error; main maps them to exit codes.
using CommandFunction = int(CommandLine& line);

struct Command {
    const char* name;      // "data collect"
    const char* operands;  // "", "FILE", "RUN..." (one or more), "[WORD]..." (any number)
    const char* summary;   // one line
    CommandFunction* run;
};

const std::vector<Command>& commands();

// The command that the first arguments name, or nullptr. `used` is set to the number of words of its name.
const Command* find_command(const std::vector<std::string>& arguments, size_t& used);

// Throws Error(usage) for an unknown command, with a suggestion.
[[noreturn]] void refuse_command(const std::vector<std::string>& arguments);

}  // namespace astro::app
