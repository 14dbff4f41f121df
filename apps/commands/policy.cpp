// astro train policy, astro evaluate.
#include <cstdio>

#include "apps/run/policies.h"
#include "apps/run/stage_command.h"
#include "data/file.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct ArmOptions {
    std::string augmented, arm = arm_names().front();
    template <class V>
    void visit(V& v) {
        v("augmented", augmented,
          "augmented data set (augmented.npz); other arms get as many rows; empty: the file in the run folder",
          Source::ours, anything());
        v("arm", arm, "data on which the policy is trained", Source::ours, one_of(arm_names()));
    }
};

// The data of an arm, and the storage of its second data set.
struct LoadedArm {
    data::RecordedData other;
    ArmData arm;
};

void load_arm(StageRunner& runner, const ArmOptions& options, LoadedArm& loaded) {
    loaded.arm.arm = options.arm;
    loaded.arm.real = &runner.pipeline().train_rows();
    const augmenters::Row& row = augmenters::row_of(options.arm);
    if (!row.make) return;
    const std::string path = options.augmented.empty() ? runner.folder().file(kAugmentedFile) : options.augmented;
    if (row.kept) {
        if (options.augmented.empty() && !data::file_exists(path))
            fail(ErrorKind::usage, "arm ", options.arm, " needs ", path, ", which does not exist",
                 runner.hint_first("augment"), " with the settings of this command, or --augmented FILE");
        loaded.other = runner.load_in_units(path, policy_parts(runner.config()));
        if (!options.augmented.empty())
            data::require_same_units(runner.pipeline().units(), loaded.other.recorded, path);
    } else {
        require_stages(runner, row.stages);
        loaded.other = make_arm(runner, options.arm, rows_of_arms(runner, path),
                                [&](TrainableModel& model, const std::string& fingerprint) {
                                    runner.require_trained(model, fingerprint, options.arm);
                                });
    }
    loaded.arm.other = &loaded.other;
}

// Common to both commands: options, settings, runner, and the data of the arm.
template <class Work>
int with_arm(CommandLine& line, Access access, Work work) {
    StageCommand command(access);
    ArmOptions arm;
    if (!command.parse(line, arm)) return 0;
    Config& config = command.config;
    check_learner(config.policy.learner, config);
    StageRunner runner(line, command.options, config, {access, policy_parts(config), {}, true});
    LoadedArm loaded;
    load_arm(runner, arm, loaded);
    work(runner, loaded.arm, config.policy.learner, command.output.json);
    return 0;
}

}  // namespace

int run_train_policy(CommandLine& line) {
    return with_arm(line, Access::write,
                    [](StageRunner& runner, const ArmData& arm, const std::string& learner, bool json) {
                        const std::vector<std::string> before = keys_of(runner.results());
                        train_and_evaluate_policies(runner, seeds_of(runner.config(), learner, arm));
                        print_new(runner.results(), before, json);
                    });
}

int run_evaluate(CommandLine& line) {
    return with_arm(line, Access::read,
                    [](StageRunner& runner, const ArmData& arm, const std::string& learner, bool json) {
                        const bool by_subgoals = runner.config().evaluate.subgoals > 0;
                        Pipeline& pipeline = runner.pipeline();
                        if (by_subgoals || needs_distances(runner.config(), arm.arm))
                            runner.require_trained(pipeline.tdr(), pipeline.fingerprint("tdr"));
                        data::Json all = data::Json::object();
                        for (const PolicySpec& spec : seeds_of(runner.config(), learner, arm)) {
                            std::unique_ptr<learners::Learner> policy = make_policy(runner, runner.context(), spec);
                            runner.require_trained(*policy, "");
                            const Evaluation e = evaluate_policy(runner, *policy, false);
                            data::Json figures = data::Json::object();
                            auto put = [&](const std::string& prefix, const Evaluation& made) {
                                figures[prefix + "success"] = made.success;
                                figures[prefix + "success_by_task"] = made.task_success;
                                figures[prefix + "mean_steps"] = made.mean_steps;
                                if (!made.pairs_success) return;
                                figures[prefix + "pairs_success"] = *made.pairs_success;
                                figures[prefix + "pairs_mean_steps"] = *made.pairs_steps;
                            };
                            figures["policy"] = policy->name();
                            figures["episodes"] = ssize(e.outcomes);
                            put("", e);
                            if (e.sum_of_rewards) figures["sum_of_rewards"] = *e.sum_of_rewards;
                            if (e.normalised_score) figures["normalised_score"] = *e.normalised_score;
                            if (by_subgoals) put("subgoals_", evaluate_policy(runner, *policy, false, true));
                            all[policy->name()] = figures;
                        }
                        print_new(all.members().size() == 1 ? all.members()[0].second : all, {}, json);
                    });
}

}  // namespace astro::app
