// astro policy export: a trained policy as one small file.
#include <filesystem>

#include "apps/run/build_info.h"
#include "apps/run/policies.h"
#include "apps/run/stage_command.h"
#include "astro/learners/exported_policy.h"

namespace astro::app {

namespace {

struct ExportOptions {
    std::string out, arm = arm_names().front();
    int64_t index = 0;
    template <class V>
    void visit(V& v) {
        v("out", out, "file to write, F.npz", Source::ours, anything());
        v("arm", arm, "data on which the policy was trained", Source::ours, one_of(arm_names()));
        v("index", index, "which of the policies of policy.seeds, from 0", Source::ours, between(0, kMaxCount));
    }
};

void check_options(const ExportOptions& options, const Config& config) {
    require_npz(options.out, "policy_version");
    if (options.index >= config.policy.seeds)
        fail(ErrorKind::usage, "--index ", options.index, ": policy.seeds is ", config.policy.seeds,
             ", so the last policy is number ", config.policy.seeds - 1);
}

data::Json provenance(const StageRunner& runner, const learners::Learner& policy, const PolicySpec& spec) {
    const Config& config = runner.config();
    data::Json about = data::Json::object();
    about["format"] = "astro policy";
    about["policy"] = policy.name();
    about["learner"] = spec.learner;
    about["trained_on"] = spec.arm.arm;
    about["environment"] = runner.environment();
    about["data"] = std::filesystem::path(runner.dataset_name().path).filename().string();
    if (config.policy.protocol == Protocol::single_task) about["task"] = config.policy.task;
    about["seed"] = config.general.seed;
    about["index"] = spec.seed;
    about["updates"] = policy.updates();
    about["git"] = build_info().git_id;
    return about;
}

}  // namespace

int run_policy_export(CommandLine& line) {
    StageCommand command(Access::read);
    ExportOptions chosen;
    if (!command.parse(line, chosen)) return 0;
    line.require("out");
    Config& config = command.config;
    check_options(chosen, config);
    check_learner(config.policy.learner, config);
    StageRunner runner(line, command.options, config, {Access::read, policy_parts(config), {}, false, false});
    // The checkpoint contains all that was learnt from the arm's second data set, so its file is not needed.
    PolicySpec spec{config.policy.learner, ArmData{chosen.arm, &runner.pipeline().train_rows(), nullptr}, chosen.index};
    Pipeline& pipeline = runner.pipeline();
    if (needs_distances(config, chosen.arm)) runner.require_trained(pipeline.tdr(), pipeline.fingerprint("tdr"));
    const std::unique_ptr<learners::Learner> policy = make_policy(runner, runner.context(), spec, false);
    runner.require_trained(*policy, "");
    const std::unique_ptr<Backend> cpu = make_cpu_backend();
    const learners::ExportedPolicy exported =
        learners::export_policy(*cpu, *policy, pipeline.units(), provenance(runner, *policy, spec),
                                config.policy.latents ? &pipeline.latent_inputs() : nullptr);
    learners::save_policy(chosen.out, exported);
    data::Json figures = data::Json::object();
    figures["file"] = chosen.out;
    figures["policy"] = policy->name();
    figures["observation"] = exported.observation_dim();
    figures["goal"] = exported.goals ? exported.observation_dim() : 0;
    figures["action"] = exported.action_dim();
    figures["bytes"] = static_cast<int64_t>(std::filesystem::file_size(chosen.out));
    print_new(figures, {}, command.output.json);
    return 0;
}

}  // namespace astro::app
