#include "astro/config/config.h"

#include <algorithm>

#include "tensor/base/error.h"

namespace astro::method {
namespace {

void check_network(const char* section, const DenoiserConfig& network) {
    if (network.width % (2 * network.heads) != 0)
        fail(ErrorKind::usage, section, ".width ", network.width, " must be a multiple of 2 ", section,
             ".heads = ", 2 * network.heads);
    if (network.learning_rate_end > network.learning_rate)
        fail(ErrorKind::usage, section, ".learning_rate_end ", network.learning_rate_end, " is above ", section,
             ".learning_rate ", network.learning_rate);
}

}  // namespace

void check(const Config& config) {
    check_network("dynamics", config.dynamics.network);
    check_network("planner", config.planner.network);
    if (config.dynamics.form == DynamicsForm::sampled && config.dynamics.one_pass_share >= 1)
        fail(ErrorKind::usage,
             "dynamics.form sampled needs dynamics.one_pass_share below 1: at 1 the network reads only "
             "zeros "
             "and learns no denoising");
    if (config.dynamics.form == DynamicsForm::one_pass && config.dynamics.one_pass_share <= 0)
        fail(ErrorKind::usage, "dynamics.form one-pass needs dynamics.one_pass_share above 0");
    if (std::max(config.dynamics.loop_steps, config.dynamics.final_steps) > config.dynamics.network.diffusion_steps)
        fail(ErrorKind::usage, "dynamics.loop_steps and dynamics.final_steps must not exceed dynamics.diffusion_steps ",
             config.dynamics.network.diffusion_steps);
    if (config.planner.denoising_steps > config.planner.network.diffusion_steps)
        fail(ErrorKind::usage, "planner.denoising_steps ", config.planner.denoising_steps,
             " must not exceed planner.diffusion_steps ", config.planner.network.diffusion_steps);
    if (config.planner.random_gap && config.planner.gap % 4 != 0)
        fail(ErrorKind::usage, "planner.random_gap needs planner.gap to be a multiple of 4, not ", config.planner.gap);
    if (config.evaluate.subgoals > 0 && config.policy.protocol == Protocol::single_task)
        fail(ErrorKind::usage,
             "evaluate.subgoals needs policy.protocol goal-conditioned: a policy of one task has no goal");
    if (config.graph.landmarks > config.graph.pool)
        fail(ErrorKind::usage, "graph.landmarks ", config.graph.landmarks, " exceeds graph.pool ", config.graph.pool);
    const std::vector<int64_t>& position = config.metrics.position;
    if (position != std::vector<int64_t>{-1} && (position.size() != 2 || position[0] < 0 || position[1] < 0))
        fail(ErrorKind::usage, "metrics.position: expected two columns, such as 0,1, or auto");
    if (config.value.current_goals + config.value.trajectory_goals > 1)
        fail(ErrorKind::usage, "value.current_goals + value.trajectory_goals must not exceed 1");
    // There each reward is shifted, and the shift of a discounted sum depends on its length.
    if (config.policy.protocol == Protocol::single_task && config.cql.form == CqlForm::pure &&
        config.value.return_steps > 1)
        fail(ErrorKind::usage, "value.return_steps must be 1 with cql.form pure and policy.protocol single-task");
}

// The names of the learners with a property, as a choice.
static std::string learners_with(bool (*property)(const std::string& learner)) {
    std::vector<std::string> names;
    for (const std::string& name : learner_names())
        if (property(name)) names.push_back(name);
    return alternatives(names);
}

void check_learner(const std::string& learner, const Config& config) {
    if (config.relabel.rule == RelabelRule::weighted && !has_weighted_form(learner))
        fail(ErrorKind::usage, "learner ", learner,
             " does not weight rows by progress; hint: --relabel.rule on-the-way, or the learner ",
             learners_with(has_weighted_form));
    if (config.policy.protocol == Protocol::single_task && !has_single_task_form(learner))
        fail(ErrorKind::usage, "learner ", learner, " has no single-task form: use ",
             learners_with(has_single_task_form));
}

double resolve_gamma(double gamma, std::string_view environment) {
    if (gamma != 0) return gamma;
    return data::defaults_for(environment).gamma;
}

int64_t resolve_one_step_updates(const Config& config) {
    return config.one_step.updates != 0 ? config.one_step.updates : config.dynamics.network.updates;
}

int64_t resolve_gcbc_updates(const Config& config, std::string_view environment) {
    if (config.gcbc.updates != 0) return config.gcbc.updates;
    return data::defaults_for(environment).policy_updates;
}

}  // namespace astro::method
