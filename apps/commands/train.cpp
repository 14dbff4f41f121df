// astro train tdr | dynamics | planner: each trains one stage in a run folder.
#include <cstdio>

#include "apps/command_line/sections.h"
#include "apps/run/measure.h"
#include "apps/run/stage_runner.h"

namespace astro::app {

namespace {

// Common to these commands: options, sections of the settings, and the runner.
template <class Work>
int train_stage(CommandLine& line, const LengthNeeds& lengths, Work work) {
    StageOptions options;
    OutputOptions output;
    Config config;
    line.add(options);
    line.add(output);
    line.add_config(config, sections_of(line.command_name()));
    if (!line.parse()) return 0;
    line.require("run");
    StageRunner runner(line, options, config, {Access::write, data::Parts::all, lengths});
    const std::vector<std::string> before = keys_of(runner.results());
    work(runner);
    print_new(runner.results(), before, output.json);
    return 0;
}

}  // namespace

int run_train_tdr(CommandLine& line) { return train_stage(line, {true}, train_and_measure_tdr); }

int run_train_dynamics(CommandLine& line) {
    return train_stage(line, {true}, [](StageRunner& runner) {
        runner.require_trained(runner.pipeline().tdr(), runner.pipeline().fingerprint("tdr"));
        train_and_measure_dynamics(runner);
        train_and_measure_one_step(runner);
    });
}

int run_train_planner(CommandLine& line) {
    return train_stage(line, {true, true}, [](StageRunner& runner) {
        Pipeline& pipeline = runner.pipeline();
        runner.require_trained(pipeline.tdr(), pipeline.fingerprint("tdr"));
        for (int64_t m = 0; m < pipeline.ensemble(); ++m)
            runner.require_trained(pipeline.dynamics(m), pipeline.fingerprint("dynamics"));
        train_and_measure_planner(runner);
    });
}

}  // namespace astro::app
