// astro run: all that the experiment needs, from one configuration in one run folder. When resumed, finished stages are
// skipped.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/measure/judges.h"
#include "apps/measure/measure.h"
#include "apps/pictures/pictures.h"
#include "apps/report/report.h"
#include "apps/run/estimate.h"
#include "apps/run/policies.h"
#include "apps/run/stage_command.h"
#include "apps/run/summary.h"
#include "data/file.h"

namespace astro::app {

int run_run(CommandLine& line) {
    StageCommand command;
    if (!command.parse(line)) return 0;
    Config& config = command.config;
    for (const std::string& learner : config.experiment.learners) check_learner(learner, config);
    const std::vector<std::string> stages = stages_of_experiment(config), &arms = config.experiment.arms;
    auto needed = [&](const char* stage) { return std::count(stages.begin(), stages.end(), stage) > 0; };
    Needs needs;
    needs.lengths = {needed("tdr"), needed("planner"), needed("planner")};
    needs.policies = needs.generate = true;
    StageRunner runner(line, command.options, config, needs);
    check_stages(runner, stages);
    if (!command.options.quiet) {
        runner.progress().note("this run: " + describe_plan(runner, stages));
        runner.progress().note((command.options.resume ? "estimate for a run from its beginning: " : "estimate: ") +
                               describe(estimate_run(runner, stages)));
    }
    for (const std::string& stage : stages) {
        train_and_measure(runner, stage);
        if (stage == "tdr" && needed("planner")) runner.pipeline().check_travel();
    }
    auto train = [&](TrainableModel& model, const std::string& fingerprint) {
        if (!runner.finished(model, fingerprint)) runner.train({model, fingerprint, {}, {}});
    };

    data::RecordedData kept;                         // of the arms that share the file of `astro augment`
    std::map<std::string, data::RecordedData> made;  // of the others by arm, each once and with as many rows
    const bool keeps = needs_kept_file(config);
    if (keeps) {
        kept = runner.load_in_units(augment_and_measure(runner, train), data::Parts::all);
        measure_stitched(runner, kept);
    }
    auto data_of = [&](const std::string& arm) {
        ArmData data{arm, &runner.pipeline().train_rows(), nullptr};
        const augmenters::Row& row = augmenters::row_of(arm);
        if (!row.make) return data;
        if (!row.kept && made.count(arm) == 0)
            made[arm] =
                make_arm(runner, arm,
                         keeps ? kept.data.rows : rows_of_arms(runner, runner.folder().file(kAugmentedFile)), train);
        data.other = row.kept ? &kept : &made[arm];
        return data;
    };
    std::vector<PolicySpec> specs;
    for (const std::string& learner : config.experiment.learners)
        for (const std::string& arm : arms)
            for (const PolicySpec& spec : seeds_of(config, learner, data_of(arm))) specs.push_back(spec);
    train_and_evaluate_policies(runner, specs);
    write_pictures(runner, keeps ? &kept : nullptr);
    data::write_text_file(runner.folder().file("report.html"), report::render({runner.folder().path()}));
    if (command.output.json)
        std::printf("%s\n", runner.results().dump().c_str());
    else
        print_summary(runner);
    return 0;
}

}  // namespace astro::app
