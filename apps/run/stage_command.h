// The options that all commands on a run have, and their order on the command line.
#pragma once

#include "apps/command_line/sections.h"
#include "apps/run/output.h"
#include "apps/run/stage_runner.h"

namespace astro::app {

struct StageCommand {
    StageOptions options;
    OutputOptions output;
    Config config;

    // access: what the command does with the run folder, for its help.
    explicit StageCommand(Access access = Access::write) { options.reads_run = access == Access::read; }

    // Parses the line, with further options of the command. False if it asked for help, which has been printed.
    // Error(usage) without --run.
    template <class... Own>
    bool parse(CommandLine& line, Own&... own) {
        line.add(options);
        (line.add(own), ...);
        line.add(output);
        line.add_config(config, sections_of(line.command_name()));
        if (!line.parse()) return false;
        line.require("run");
        return true;
    }
};

}  // namespace astro::app
