// astro run: the whole chain from one configuration into one folder, each finished stage skipped on resumption.
#include <cstdio>

#include "apps/run/policy_runs.h"
#include "apps/report/report.h"
#include "apps/run/summary.h"
#include "data/file.h"

namespace astro::app {

int run_run(CommandLine& line) {
    StageOptions options;
    OutputOptions output;
    Config config;
    line.add(options);
    line.add(output);
    line.add_config(
        config, {"", "checkpoint", "collect", "data", "tdr", "graph", "dynamics", "planner", "selection", "augment",
                 "policy", "gcbc", "value", "iql", "td3bc", "cql", "evaluate", "metrics", "experiment"});
    if (!line.parse()) return 0;
    line.require("run");
    StageRunner runner(line, options, config);
    train_and_measure_tdr(runner);
    train_and_measure_dynamics(runner);
    train_and_measure_planner(runner);
    const std::string path = augment_and_measure(runner);

    Pipeline& pipeline = runner.pipeline();
    const data::Dataset augmented = data::load_dataset(path, &runner.threads());
    data::Dataset duplicate;
    std::vector<PolicyRun> runs;
    for (const std::string& learner : config.experiment.learners)
        for (const std::string& arm : config.experiment.arms) {
            ArmData data{arm, &pipeline.train_data(), nullptr};
            if (arm == "augmented") data.other = &augmented;
            if (arm == "duplicate") {
                if (duplicate.rows == 0)
                    duplicate = duplicate_control(pipeline.map(), augmented.rows, config.augment.tail_rows, pipeline.seed());
                data.other = &duplicate;
            }
            for (const PolicyRun& run : seeds_of(config, learner, data)) runs.push_back(run);
        }
    train_and_evaluate_policies(runner, runs);
    write_pictures(runner, augmented);
    data::write_text_file(runner.folder().file("report.html"), report::render({runner.folder().path()}));
    if (output.json)
        std::printf("%s\n", runner.results().dump().c_str());
    else
        print_summary(runner);
    return 0;
}

}  // namespace astro::app
