#include "apps/policy_runs.h"

#include <algorithm>
#include <map>
#include <set>

#include "apps/simulator.h"

namespace astro::app {

namespace {

const maze::Layout& layout_of(const std::string& environment) {
    maze::EnvironmentName name;
    if (!maze::parse_environment(environment, name))
        fail(ErrorKind::usage,
             environment.empty() ? "no environment is known for the data"
                                 : "no built-in simulator for '" + environment + "'",
             "; hint: --env pointmaze-medium-v0, -large-, -giant- or -teleport-");
    return maze::layout(name.maze);
}

maze::Protocol protocol_of(const Config& config) {
    return config.policy.protocol == Protocol::goal_conditioned ? maze::Protocol::goal_conditioned
                                                                : maze::Protocol::single_task;
}

}  // namespace

std::unique_ptr<learners::Learner> make_policy(StageRunner& runner, const std::string& learner, const ArmData& arm) {
    const Config& config = runner.config();
    const Workbench& bench = runner.bench();
    learners::LearningData data;
    data.protocol = config.policy.protocol;
    data.gamma = resolve_gamma(config.policy.gamma, runner.environment());
    data.scaling = {bench.statistics().mean, bench.statistics().sigma_state};
    if (data.protocol == Protocol::single_task) {
        const maze::Point goal =
            maze::centre(layout_of(runner.environment()).tasks[static_cast<size_t>(config.policy.task - 1)].goal);
        data.goal_xy = {goal.x, goal.y};
        data.tolerance = maze::kGoalTolerance;
    }
    const double share = !arm.other                                    ? 0
                         : data.protocol == Protocol::goal_conditioned ? config.policy.synthetic_share
                                                                       : config.policy.single_task_synthetic_share;
    if (share > 0) data.pools.push_back({arm.other, share});
    if (share < 1) data.pools.push_back({arm.real, 1 - share});
    return learners::make_learner(learner, runner.context(), config, runner.environment(), data,
                                  "policy/" + arm.arm + "/" + policy_label(config, learner));
}

std::string policy_label(const Config& config, const std::string& learner) {
    return config.policy.protocol == Protocol::goal_conditioned
               ? learner
               : learner + "-task" + std::to_string(config.policy.task);
}

Evaluation evaluate_policy(StageRunner& runner, const learners::Learner& policy, bool record_paths) {
    const Config& config = runner.config();
    const maze::Layout& layout = layout_of(runner.environment());
    const maze::Protocol protocol = protocol_of(config);
    const std::vector<int64_t> tasks =
        protocol == maze::Protocol::single_task ? std::vector<int64_t>{config.policy.task} : config.evaluate.tasks;
    const auto seed = static_cast<uint64_t>(config.general.seed);
    Evaluation result;
    result.episodes = maze::draw_episodes(layout, tasks, config.evaluate.episodes, protocol, seed);
    result.outcomes = maze::evaluate(
        layout, result.episodes, protocol,
        [&](const std::vector<float>& states, const std::vector<float>& goals) { return policy.act(states, goals); },
        seed, record_paths);
    double arrived = 0;
    for (size_t t = 0; t < tasks.size(); ++t) {
        double won = 0;
        for (int64_t e = 0; e < config.evaluate.episodes; ++e) {
            const maze::Outcome& outcome =
                result.outcomes[t * static_cast<size_t>(config.evaluate.episodes) + static_cast<size_t>(e)];
            won += outcome.success;
            result.mean_steps += static_cast<double>(outcome.steps) / static_cast<double>(result.outcomes.size());
        }
        result.task_success.push_back(won / static_cast<double>(config.evaluate.episodes));
        arrived += won;
    }
    result.success = arrived / static_cast<double>(result.outcomes.size());
    return result;
}

void train_and_evaluate_policy(StageRunner& runner, const std::string& learner, const ArmData& arm) {
    std::unique_ptr<learners::Learner> policy = make_policy(runner, learner, arm);
    const bool simulated = find_simulator(runner.environment()) != nullptr;
    const int64_t updates = policy->updates(), points = runner.config().evaluate.points;
    std::set<int64_t> at;
    for (int64_t p = 1; p <= points; ++p) at.insert(updates * p / points);
    const std::vector<int64_t> tasks = runner.config().policy.protocol == Protocol::single_task
                                           ? std::vector<int64_t>{runner.config().policy.task}
                                           : runner.config().evaluate.tasks;
    runner.train(*policy, runner.bench().policy_fingerprint(learner, arm.other), [&](int64_t step, MetricsLog& log) {
        if (!simulated || !at.count(step)) return;
        const Evaluation e = evaluate_policy(runner, *policy, false);
        log.add(step, "success", e.success);
        for (size_t t = 0; t < tasks.size(); ++t)
            log.add(step, "success_task" + std::to_string(tasks[t]), e.task_success[t]);
        log.add(step, "episode_steps", e.mean_steps);
    });
    if (!simulated) return;
    // Last and best from the curve, which also holds what earlier sessions evaluated.
    const std::string stage = policy->name(), key = "success/" + arm.arm + "/" + policy_label(runner.config(), learner);
    std::map<int64_t, double> success;
    std::map<std::string, double> last;
    for (const MetricRow& row : read_metrics(runner.folder().file("metrics.csv"))) {
        if (row.key == stage + "/success") success[row.step] = row.value;
        if (row.step == updates) last[row.key] = row.value;
    }
    if (success.empty()) return;  // not evaluated
    double best = 0;
    for (const auto& [step, value] : success) best = std::max(best, value);
    data::Json& results = runner.results();
    results[key + "/last"] = success.rbegin()->second;
    results[key + "/best"] = best;
    for (int64_t task : tasks)
        results[key + "/task" + std::to_string(task)] = last[stage + "/success_task" + std::to_string(task)];
    runner.save_results();
}

}  // namespace astro::app
