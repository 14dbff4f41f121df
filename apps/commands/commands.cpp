#include "apps/command_line/command.h"
#include "apps/command_line/settings.h"
#include "tensor/base/defined_elsewhere.h"
#include "tensor/base/error.h"

namespace astro::app {

// The function of a command, which the file of the command defines.
#define ASTRO_RUN(command) ASTRO_DEFINED_ELSEWHERE(CommandFunction, run_##command)

// In the order of the pipeline.
const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {"data collect", "", "Generates a data set with the procedure of an environment, and a validation set.",
         ASTRO_RUN(data_collect)},
        {"data inspect", "FILE", "Describes the contents of a data set and reports problems.", ASTRO_RUN(data_inspect)},
        {"data verify", "FILE",
         "Checks all transitions of a file with the exact simulator, or with the models of a run; exit code 3 if it "
         "fails.",
         ASTRO_RUN(data_verify)},
        {"train tdr", "", "Trains the temporal distance representation.", ASTRO_RUN(train_tdr)},
        {"train dynamics", "", "Trains the dynamics model (after tdr).", ASTRO_RUN(train_dynamics)},
        {"train planner", "", "Trains the stitch planner (after dynamics).", ASTRO_RUN(train_planner)},
        {"train policy", "", "Trains a policy on the original data or on augmented data.", ASTRO_RUN(train_policy)},
        {"augment", "", "Stitches trajectories and writes augmented.npz (after planner).", ASTRO_RUN(augment)},
        {"evaluate", "", "Evaluates a trained policy in its environment.", ASTRO_RUN(evaluate)},
        {"policy export", "", "Writes a trained policy to a separate file, for use in other programs.",
         ASTRO_RUN(policy_export)},
        {"act", "", "Reads observations from standard input and answers with the actions of an exported policy.",
         ASTRO_RUN(act)},
        {"embed", "", "Writes the latents of a file's rows, and the landmarks and calibration of a trained TDR.",
         ASTRO_RUN(embed)},
        {"run", "", "Runs the whole pipeline: trains, stitches, measures, trains policies and evaluates them.",
         ASTRO_RUN(run)},
        {"report", "RUN...", "Writes an HTML page with results, pictures, curves and figures.", ASTRO_RUN(report)},
        {"bench", "", "Measures training steps, samplers and matrix products on this machine.", ASTRO_RUN(bench)},
        {"selftest", "",
         "Checks all ops and their gradients on this machine; on a GPU also training steps, with timings.",
         ASTRO_RUN(selftest)},
        {"version", "", "Shows the version, compiler and device of this program.", ASTRO_RUN(version)},
        {"help", "[COMMAND]...", "Lists the commands, or explains one.", ASTRO_RUN(help)},
    };
    return table;
}

const Command* find_command(const std::vector<std::string>& arguments, size_t& used) {
    std::string words;
    const Command* found = nullptr;
    for (size_t n = 0; n < arguments.size() && n < 2; ++n) {
        words += (n == 0 ? "" : " ") + arguments[n];
        for (const Command& command : commands())
            if (words == command.name) {
                found = &command;
                used = n + 1;
            }
    }
    return found;
}

void refuse_command(const std::vector<std::string>& arguments) {
    std::vector<std::string> names, starting;
    for (const Command& command : commands()) {
        names.emplace_back(command.name);
        if (names.back().compare(0, arguments[0].size() + 1, arguments[0] + " ") == 0) starting.push_back(names.back());
    }
    const std::string typed =
        arguments.size() > 1 && arguments[1].compare(0, 1, "-") != 0 ? arguments[0] + " " + arguments[1] : arguments[0];
    // The first word is that of a group of commands: list them.
    if (!starting.empty()) {
        std::string members;
        for (const std::string& name : starting) members += (members.empty() ? "" : ", ") + name;
        fail(ErrorKind::usage, "unknown command '", typed, "': expected ", members);
    }
    std::string nearest = nearest_name(typed, names);
    if (nearest.empty()) nearest = nearest_name(arguments[0], names);
    fail(ErrorKind::usage, "unknown command '", typed, "'",
         nearest.empty() ? "; astro help lists the commands" : ", did you mean '" + nearest + "'?");
}

}  // namespace astro::app
