// astro run: the whole pipeline from one configuration in one run folder. When resumed, finished stages are skipped.
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
    Needs needs;
    needs.lengths = {true, true, true};
    needs.policies = needs.generate = true;
    StageRunner runner(line, options, config, needs);
    check_stages(runner);
    train_and_measure_tdr(runner);
    runner.pipeline().check_travel();
    train_and_measure_dynamics(runner);
    train_and_measure_one_step(runner);
    train_and_measure_planner(runner);
    const std::string path = augment_and_measure(runner);
    const data::RecordedData augmented = runner.load_in_units(path, data::Parts::all);
    measure_stitched(runner, augmented);

    std::map<std::string, data::RecordedData> made;  // by arm, each once
    auto data_of = [&](const std::string& arm) {
        ArmData data{arm, &runner.pipeline().train_rows(), nullptr};
        const augmenters::Row& row = augmenters::row_of(arm);
        if (row.kept) data.other = &augmented;
        if (!row.make || row.kept) return data;
        if (made.count(arm) == 0)
            made[arm] =
                make_arm(runner, arm, augmented.data.rows, [&](TrainableModel& model, const std::string& fingerprint) {
                    if (!runner.finished(model, fingerprint)) runner.train({model, fingerprint, {}, {}});
                });
        data.other = &made[arm];
        return data;
    };
    std::vector<PolicyRun> runs;
    for (const std::string& learner : config.experiment.learners)
        for (const std::string& arm : config.experiment.arms)
            for (const PolicyRun& run : seeds_of(config, learner, data_of(arm))) runs.push_back(run);
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
