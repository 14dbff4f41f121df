// astro train tdr | dynamics | planner: each trains one stage in a run folder.
#include <algorithm>

#include "apps/measure/measure.h"
#include "apps/run/arms.h"
#include "apps/run/stage_command.h"

namespace astro::app {

namespace {

// Trains a stage, which needs those before it.
int train_stage(CommandLine& line, const LengthNeeds& lengths, const std::string& stage) {
    StageCommand command;
    if (!command.parse(line)) return 0;
    Config& config = command.config;
    StageRunner runner(line, command.options, config, {Access::write, data::Parts::all, lengths});
    const std::vector<std::string> known = keys_of(runner.results());
    const std::vector<std::string>& stages = method::pipeline_stages();
    require_stages(runner, {stages.begin(), std::find(stages.begin(), stages.end(), stage)});
    train_and_measure(runner, stage);
    print_new(runner.results(), known, command.output.json);
    return 0;
}

}  // namespace

int run_train_tdr(CommandLine& line) { return train_stage(line, {true}, "tdr"); }
int run_train_dynamics(CommandLine& line) { return train_stage(line, {true}, "dynamics"); }
int run_train_planner(CommandLine& line) { return train_stage(line, {true, true}, "planner"); }

}  // namespace astro::app
