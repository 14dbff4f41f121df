#include "apps/command_line/command.h"
#include "apps/command_line/settings.h"
#include "tensor/base/error.h"

namespace astro::app {

int run_data_collect(CommandLine& line);
int run_data_inspect(CommandLine& line);
int run_data_verify(CommandLine& line);
int run_train_tdr(CommandLine& line);
int run_train_dynamics(CommandLine& line);
int run_train_planner(CommandLine& line);
int run_train_policy(CommandLine& line);
int run_augment(CommandLine& line);
int run_evaluate(CommandLine& line);
int run_run(CommandLine& line);
int run_report(CommandLine& line);
int run_bench(CommandLine& line);
int run_selftest(CommandLine& line);
int run_version(CommandLine& line);
int run_help(CommandLine& line);

// In the order of the work.
const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {"data collect", "", "Generates a data set as OGBench does, and its validation part.", run_data_collect},
        {"data inspect", "FILE", "Says what is in a data set and what is wrong with it.", run_data_inspect},
        {"data verify", "FILE", "Replays every transition in the exact simulator; exit 3 when the data do not obey it.",
         run_data_verify},
        {"train tdr", "", "Trains the temporal distance representation.", run_train_tdr},
        {"train dynamics", "", "Trains the dynamics model (after tdr).", run_train_dynamics},
        {"train planner", "", "Trains the stitch planner (after dynamics).", run_train_planner},
        {"train policy", "", "Trains a policy on the data as they are, or on a spliced file.", run_train_policy},
        {"augment", "", "Stitches: grows chains and writes augmented.npz (after planner).", run_augment},
        {"evaluate", "", "Runs a trained policy in its environment.", run_evaluate},
        {"run", "", "The whole chain from one configuration: train, stitch, measure, learn, evaluate.", run_run},
        {"report", "RUN...", "One HTML page: result, maze pictures, curves, figures.", run_report},
        {"bench", "", "Measures training steps, samplers and matrix products on this machine.", run_bench},
        {"selftest", "", "Checks every op and its gradient on this machine; on a GPU training steps, too, and times operations.", run_selftest},
        {"version", "", "Shows what this program was built from and what it runs on.", run_version},
        {"help", "[COMMAND]...", "Lists the commands, or explains one.", run_help},
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
    // A first word that groups commands: name its members.
    if (!starting.empty()) {
        std::string members;
        for (const std::string& name : starting) members += (members.empty() ? "" : ", ") + name;
        fail(ErrorKind::usage, "unknown command '", typed, "': there is ", members);
    }
    std::string nearest = nearest_name(typed, names);
    if (nearest.empty()) nearest = nearest_name(arguments[0], names);
    fail(ErrorKind::usage, "unknown command '", typed, "'",
         nearest.empty() ? "; astro help lists the commands" : ", did you mean '" + nearest + "'?");
}

}  // namespace astro::app
