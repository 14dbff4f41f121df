// The command table. A command is one file and one row in apps/commands; tests/test_added_command.cpp has a small one.
#pragma once

#include <string>
#include <vector>

namespace astro::app {

class CommandLine;

struct Command {
    const char* name;      // "data collect"
    const char* operands;  // "", "FILE", "RUN..." (one or more), "[WORD]..." (any number)
    const char* summary;   // one line
    // Adds its options to the line, parses it, works, prints results on stdout and returns the exit code.
    // Failures are thrown as Error; main maps them to exit codes.
    int (*run)(CommandLine& line);
};

const std::vector<Command>& commands();

// The command whose words start the arguments, or nullptr; `used` becomes the number of its words.
const Command* find_command(const std::vector<std::string>& arguments, size_t& used);

// Error(usage) for words that start no command, with the nearest one.
[[noreturn]] void refuse_command(const std::vector<std::string>& arguments);

}  // namespace astro::app
