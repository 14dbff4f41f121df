// astro help [COMMAND]...: the list of commands, one command's page, or the whole manual for docs/cli.md.
#include <cstdio>

#include "apps/command_line/options.h"

namespace astro::app {
namespace {

struct HelpOptions {
    bool markdown = false;

    template <class V>
    void visit(V& v) {
        v("markdown", markdown, "print the whole manual as Markdown", Source::ours, anything());
    }
};

void print_overview() {
    std::printf(
        "astro: offline reinforcement learning by stitching trajectories (ASTRO, arXiv 2511.23442)\n\n"
        "usage: astro COMMAND [options]\n\n");
    for (const Command& command : commands()) std::printf("  %-16s %s\n", command.name, command.summary);
    std::printf(
        "\nastro COMMAND --help explains a command.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid data, 130 interrupted after a checkpoint.\n");
}

void describe(const Command& command, Purpose purpose) {
    CommandLine line(command, {}, purpose);
    command.run(line);
}

void print_manual() {
    std::printf("# Command line\n\nWritten by `astro help --markdown`.\n\n");
    for (const Command& command : commands()) describe(command, Purpose::markdown);
    std::printf(
        "# Settings\n\nAs flags (`--planner.gap 16`, `--no-planner.feedback`) or in configuration files "
        "(`[planner]`, `gap = 16`). Defaults are those of preset `cpu`.\n\n%s",
        markdown_of_config().c_str());
}

}  // namespace

int run_help(CommandLine& line) {
    HelpOptions options;
    line.add(options);
    if (!line.parse()) return 0;
    if (options.markdown) {
        print_manual();
    } else if (line.operands().empty()) {
        print_overview();
    } else {
        size_t used = 0;
        const Command* command = find_command(line.operands(), used);
        if (command == nullptr || used != line.operands().size()) refuse_command(line.operands());
        describe(*command, Purpose::help);
    }
    return 0;
}

}  // namespace astro::app
