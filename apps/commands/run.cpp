// astro run: all that the experiment needs, from one configuration in one run folder. When resumed, finished stages are
// skipped.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/command_line/sections.h"
#include "apps/report/report.h"
#include "apps/run/measure.h"
#include "apps/run/measure_judges.h"
#include "apps/run/pictures.h"
#include "apps/run/policy_runs.h"
#include "apps/run/summary.h"
#include "data/file.h"

namespace astro::app {

int run_run(CommandLine& line) {
    StageOptions options;
    OutputOptions output;
    Config config;
    line.add(options);
    line.add(output);
    line.add_config(config, sections_of(line.command_name()));
    if (!line.parse()) return 0;
    line.require("run");
    for (const std::string& learner : config.experiment.learners) check_learner(learner, config.policy.protocol);
    const std::vector<std::string> stages = stages_of_experiment(config), &arms = config.experiment.arms;
    const bool plans = std::count(stages.begin(), stages.end(), "planner") > 0;
    const int64_t window = plans ? 2 * config.planner.context + config.planner.gap : 0;
    StageRunner runner(line, options, config, {Access::write, data::Parts::all, window, true});
    check_stages(runner, stages);
    for (const std::string& stage : stages) train_and_measure(runner, stage);
    auto train = [&](TrainableModel& model, const std::string& fingerprint) {
        if (!runner.finished(model, fingerprint)) runner.train({model, fingerprint, {}, {}});
    };

    std::map<std::string, data::RecordedData> made;  // by arm, each once; the kept one first, others get as many rows
    const std::string& kept = augmenters::kept_row().arm;
    if (std::count(arms.begin(), arms.end(), kept) > 0) {
        made[kept] = runner.load_in_units(augment_and_measure(runner, train), data::Parts::all);
        measure_stitched(runner, made[kept]);
    }
    auto data_of = [&](const std::string& arm) {
        ArmData data{arm, &runner.pipeline().train_rows(), nullptr};
        if (!augmenters::row_of(arm).make) return data;
        if (made.count(arm) == 0) {
            const int64_t rows = made.count(kept) > 0 ? made[kept].data.rows
                                                      : rows_of_arms(runner, runner.folder().file(kAugmentedFile));
            made[arm] = make_arm(runner, arm, rows, train);
        }
        data.other = &made[arm];
        return data;
    };
    std::vector<PolicyRun> runs;
    for (const std::string& learner : config.experiment.learners)
        for (const std::string& arm : arms)
            for (const PolicyRun& run : seeds_of(config, learner, data_of(arm))) runs.push_back(run);
    train_and_evaluate_policies(runner, runs);
    write_pictures(runner, made.count(kept) > 0 ? &made[kept] : nullptr);
    data::write_text_file(runner.folder().file("report.html"), report::render({runner.folder().path()}));
    if (output.json)
        std::printf("%s\n", runner.results().dump().c_str());
    else
        print_summary(runner);
    return 0;
}

}  // namespace astro::app
