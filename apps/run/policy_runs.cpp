#include "apps/run/policy_runs.h"

#include <algorithm>
#include <exception>
#include <map>
#include <numeric>
#include <set>

namespace astro::app {

namespace {

const data::Environment& environment_of(const StageRunner& runner) {
    const std::string& name = runner.environment();
    return data::require_environment(name, name.empty() ? "no environment is known for the data; --env names it"
                                                        : "no built-in environment '" + name + "'");
}

// Those of the settings; of the settings' defaults those that the environment has. Error(usage) for a task that it
// lacks.
std::vector<int64_t> evaluated_tasks(const StageRunner& runner) {
    const Config& config = runner.config();
    const data::EnvironmentSpec& spec = environment_of(runner).spec();
    const bool single = config.policy.protocol == Protocol::single_task;
    std::vector<int64_t> tasks = single ? std::vector<int64_t>{config.policy.task} : config.evaluate.tasks;
    if (!single && tasks == EvaluateConfig{}.tasks)
        tasks.resize(std::min(tasks.size(), static_cast<size_t>(spec.tasks)));
    for (int64_t task : tasks)
        if (task > spec.tasks)
            fail(ErrorKind::usage, single ? "policy.task " : "evaluate.tasks ", task, ": the tasks of ", spec.name,
                 " are 1 to ", spec.tasks);
    return tasks;
}

// The task that a single-task policy learns, as the learners' rewards see it: a point in the first two columns.
void set_task(learners::LearningData& data, const data::Environment& environment, int64_t task) {
    const data::EnvironmentSpec& spec = environment.spec();
    if (spec.position != std::vector<int64_t>{0, 1} || spec.tolerance <= 0)
        fail(ErrorKind::usage,
             "single-task rewards need states whose first two columns are x and y and a goal that is near ",
             "enough there, which ", spec.name, " has not; hint: --policy.protocol goal-conditioned");
    const std::vector<double> goal = environment.task(task).goal;
    data.goal_xy = {goal[0], goal[1]};
    data.tolerance = spec.tolerance;
}

}  // namespace

void check_tasks(const StageRunner& runner) {
    if (data::find_environment(runner.environment())) evaluated_tasks(runner);
}

std::vector<PolicyRun> seeds_of(const Config& config, const std::string& learner, const ArmData& arm) {
    std::vector<PolicyRun> runs;
    for (int64_t seed = 0; seed < config.policy.seeds; ++seed) runs.push_back({learner, arm, seed});
    return runs;
}

std::unique_ptr<learners::Learner> make_policy(StageRunner& runner, const Context& context, const PolicyRun& run) {
    const ArmData& arm = run.arm;
    const Config& config = runner.config();
    const Pipeline& pipeline = runner.pipeline();
    learners::LearningData data;
    data.protocol = config.policy.protocol;
    data.gamma = resolve_gamma(config.policy.gamma, runner.environment());
    data.scaling = {pipeline.statistics().mean, pipeline.statistics().sigma_state};
    if (data.protocol == Protocol::single_task) set_task(data, environment_of(runner), config.policy.task);
    const double share = !arm.other                                    ? 0
                         : data.protocol == Protocol::goal_conditioned ? config.policy.synthetic_share
                                                                       : config.policy.single_task_synthetic_share;
    if (share > 0) data.pools.push_back({arm.other, share});
    if (share < 1) data.pools.push_back({arm.real, 1 - share});
    // The name is part of the learner's random streams: another one for each seed.
    return learners::make_learner(run.learner, context, config, runner.environment(), data,
                                  "policy/" + arm.arm + "/" + policy_label(config, run.learner, run.seed));
}

std::string policy_label(const Config& config, const std::string& learner, int64_t seed) {
    return learner +
           (config.policy.protocol == Protocol::single_task ? "-task" + std::to_string(config.policy.task) : "") +
           (seed > 0 ? "-seed" + std::to_string(seed) : "");
}

Evaluation evaluate_policy(StageRunner& runner, const learners::Learner& policy, bool record_paths) {
    const Config& config = runner.config();
    const data::Environment& environment = environment_of(runner);
    const Protocol protocol = config.policy.protocol;
    const std::vector<int64_t> tasks = evaluated_tasks(runner);
    const auto seed = static_cast<uint64_t>(config.general.seed);
    Evaluation result;
    result.episodes = environment.draw_episodes(tasks, config.evaluate.episodes, protocol, seed);
    result.outcomes = evaluate(
        environment, result.episodes, protocol,
        [&](const std::vector<float>& states, const std::vector<float>& goals) { return policy.act(states, goals); },
        seed, record_paths);
    double arrived = 0;
    for (size_t t = 0; t < tasks.size(); ++t) {
        double won = 0;
        for (int64_t e = 0; e < config.evaluate.episodes; ++e) {
            const Outcome& outcome =
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

namespace {

std::string success_key(const Config& config, const PolicyRun& run) {
    return "success/" + run.arm.arm + "/" + policy_label(config, run.learner, run.seed);
}

// Last and best from the curve, which also holds what earlier sessions evaluated.
void put_success(StageRunner& runner, const PolicyRun& run, const learners::Learner& policy,
                 const std::vector<MetricRow>& curve) {
    const Config& config = runner.config();
    data::Json& results = runner.results();
    const std::string stage = policy.name(), key = success_key(config, run);
    std::map<int64_t, double> success;
    std::map<std::string, double> last;
    for (const MetricRow& row : curve) {
        if (row.key == stage + "/success") success[row.step] = row.value;
        if (row.step == policy.updates()) last[row.key] = row.value;
    }
    if (success.count(policy.updates()) == 0) return;  // not evaluated, or not to its end
    double best = 0;
    for (const auto& [step, value] : success) best = std::max(best, value);
    results[key + "/last"] = success.rbegin()->second;
    results[key + "/best"] = best;
    for (int64_t task : evaluated_tasks(runner))
        results[key + "/task" + std::to_string(task)] = last[stage + "/success_task" + std::to_string(task)];
}

// Over the seeds of the policy whose seed 0 is `run`.
void put_spread(const Config& config, const PolicyRun& run, data::Json& results) {
    std::vector<double> all;
    for (const PolicyRun& one : seeds_of(config, run.learner, run.arm)) {
        const data::Json* value = results.find(success_key(config, one) + "/last");
        if (!value) return;
        all.push_back(value->as_real());
    }
    const std::string key = success_key(config, run);
    results[key + "/mean"] = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
    results[key + "/least"] = *std::min_element(all.begin(), all.end());
    results[key + "/most"] = *std::max_element(all.begin(), all.end());
}

// Side by side. The policies, and so what they hold of the device, end with the group.
// Returns the error of one that diverged; the others have come to their ends and have their figures.
std::exception_ptr train_and_evaluate_group(StageRunner& runner, const std::vector<PolicyRun>& runs) {
    const Config& config = runner.config();
    const bool simulated = data::find_environment(runner.environment()) != nullptr;
    const std::vector<int64_t> tasks = simulated ? evaluated_tasks(runner) : std::vector<int64_t>();
    std::vector<std::unique_ptr<learners::Learner>> policies;
    std::vector<StageRunner::Stage> stages;
    runner.flush_memory();
    for (const PolicyRun& run : runs) {
        policies.push_back(make_policy(runner, runner.context_beside(static_cast<int64_t>(policies.size())), run));
        learners::Learner& policy = *policies.back();
        std::set<int64_t> at;
        for (int64_t p = 1; simulated && p <= config.evaluate.points; ++p)
            at.insert(policy.updates() * p / config.evaluate.points);
        auto evaluate = [&](int64_t step, MetricsLog& log) {
            const Evaluation e = evaluate_policy(runner, policy, false);
            log.add(step, "success", e.success);
            for (size_t t = 0; t < tasks.size(); ++t)
                log.add(step, "success_task" + std::to_string(tasks[t]), e.task_success[t]);
            log.add(step, "episode_steps", e.mean_steps);
        };
        stages.push_back({policy, runner.pipeline().policy_fingerprint(run.learner, run.arm.other),
                          [at](int64_t step) { return at.count(step) > 0; }, evaluate});
    }
    std::exception_ptr diverged;
    try {
        runner.train(stages);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::numeric) throw;
        diverged = std::current_exception();
    }
    if (!simulated) return diverged;
    const std::vector<MetricRow> curve = read_metrics(runner.folder().file("metrics.csv"));
    for (size_t i = 0; i < runs.size(); ++i) put_success(runner, runs[i], *policies[i], curve);
    runner.save_results();
    return diverged;
}

}  // namespace

void train_and_evaluate_policies(StageRunner& runner, const std::vector<PolicyRun>& runs) {
    const Config& config = runner.config();
    const auto group = static_cast<size_t>(runner.side_by_side());
    std::exception_ptr diverged;
    for (size_t first = 0; first < runs.size(); first += group) {
        const auto begin = runs.begin() + static_cast<std::ptrdiff_t>(first);
        const size_t size = std::min(group, runs.size() - first);
        const auto failure = train_and_evaluate_group(runner, {begin, begin + static_cast<std::ptrdiff_t>(size)});
        if (!diverged) diverged = failure;
    }
    if (diverged) std::rethrow_exception(diverged);
    if (!data::find_environment(runner.environment())) return;
    for (const PolicyRun& run : runs)
        if (run.seed == 0 && config.policy.seeds > 1) put_spread(config, run, runner.results());
    runner.save_results();
}

}  // namespace astro::app
