#include "apps/run/policies.h"

#include <algorithm>
#include <exception>
#include <map>
#include <numeric>
#include <set>

#include "apps/run/stage_names.h"
#include "astro/subgoal_search.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

const data::Environment& environment_of(const StageRunner& runner) {
    const std::string& name = runner.environment();
    return data::require_environment(name, name.empty() ? "the environment of the data is not known; set it with --env"
                                                        : "no built-in environment '" + name + "'");
}

std::vector<int64_t> tasks_of(const StageRunner& runner) {
    return evaluated_tasks(runner.config(), environment_of(runner).spec());
}

// Rewards of the task that a single-task policy learns.
data::TaskLabels label(const data::Dataset& recorded, const data::Environment& environment, int64_t task) {
    return data::relabel_singletask(recorded, environment, environment.task(task).goal);
}

}  // namespace

data::Parts policy_parts(const Config& config) {
    return config.policy.protocol == Protocol::single_task ? data::Parts::all : data::Parts::transitions;
}

void check_protocol(const Config& config, const std::string& environment) {
    const data::Environment* known = data::find_environment(environment);
    if (!known && (config.evaluate.random_pairs > 0 || config.evaluate.tasks != std::vector<int64_t>{0}))
        fail(ErrorKind::usage, "evaluate.", config.evaluate.random_pairs > 0 ? "random_pairs" : "tasks",
             " needs an environment, but that of the data is not known; hint: --env names it");
    if (known && config.evaluate.random_pairs > 0) {
        if (config.policy.protocol == Protocol::single_task)
            fail(ErrorKind::usage,
                 "evaluate.random_pairs: single-task policies have one goal; hint: ", "--evaluate.random_pairs 0");
        if (known->draw_pairs(1, 0).empty())
            fail(ErrorKind::usage, "evaluate.random_pairs: ", known->spec().name,
                 " has no random starts and goals; hint: --evaluate.random_pairs 0");
    }
    if (config.policy.protocol != Protocol::single_task) return;
    if (!known)
        fail(ErrorKind::usage,
             "single-task policies learn from the rewards of an environment, but that of the data is not known; "
             "hint: --env names it, or --policy.protocol goal-conditioned");
    if (known->spec().reports_success && !known->reward)
        fail(ErrorKind::usage,
             "single-task rewards need an environment that defines success as a distance from the goal, but ",
             known->spec().name, " decides success itself; hint: --policy.protocol goal-conditioned");
}

std::vector<int64_t> evaluated_tasks(const Config& config, const data::EnvironmentSpec& spec) {
    std::vector<int64_t> tasks = config.evaluate.tasks;
    if (config.policy.protocol == Protocol::single_task) tasks = {config.policy.task};
    if (tasks == std::vector<int64_t>{0}) {
        tasks.resize(to_size(spec.tasks));
        std::iota(tasks.begin(), tasks.end(), 1);
    }
    const char* setting = config.policy.protocol == Protocol::single_task ? "policy.task" : "evaluate.tasks";
    for (int64_t task : tasks) {
        if (task == 0)
            fail(ErrorKind::usage, setting, ": auto means all tasks and cannot be combined with task numbers");
        if (task < 1 || task > spec.tasks)
            fail(ErrorKind::usage, setting, ": there is no task ", task, " in ", spec.name, ", which has ", spec.tasks,
                 spec.tasks == 1 ? " task" : " tasks");
    }
    return tasks;
}

int64_t evaluated_episodes(const Config& config, const data::EnvironmentSpec& spec) {
    return ssize(evaluated_tasks(config, spec)) * config.evaluate.episodes;
}

std::string policies_of_experiment(const Config& config) {
    const int64_t count = ssize(config.experiment.arms) * ssize(config.experiment.learners) * config.policy.seeds;
    return text(count, count == 1 ? " policy" : " policies");
}

std::vector<PolicySpec> seeds_of(const Config& config, const std::string& learner, const ArmData& arm) {
    std::vector<PolicySpec> specs;
    for (int64_t seed = 0; seed < config.policy.seeds; ++seed) specs.push_back({learner, arm, seed});
    return specs;
}

std::string policy_fingerprint(const Pipeline& pipeline, const std::string& learner, const std::string& arm,
                               const data::Dataset* other) {
    return pipeline.policy_fingerprint(learner, other, further_sections(pipeline.config(), arm));
}

bool needs_distances(const Config& config, const std::string& arm) {
    return config.policy.latents || augmenters::row_of(arm).relabels;
}

std::unique_ptr<learners::Learner> make_policy(StageRunner& runner, const Context& context, const PolicySpec& spec,
                                               bool learns) {
    const ArmData& arm = spec.arm;
    const Config& config = runner.config();
    learners::LearningData data;
    data.protocol = config.policy.protocol;
    data.gamma = resolve_gamma(config.policy.gamma, runner.environment());
    const double share = !arm.other                                    ? 0
                         : data.protocol == Protocol::goal_conditioned ? config.policy.synthetic_share
                                                                       : config.policy.single_task_synthetic_share;
    Pipeline& pipeline = runner.pipeline();
    auto inputs = [&](const data::RecordedData& rows, const std::vector<float>& latents) -> const data::Dataset* {
        if (!config.policy.latents) return &rows.data;
        data.owned.push_back(std::make_shared<data::Dataset>(pipeline.latent_inputs().of(rows.data, latents)));
        return data.owned.back().get();
    };
    const bool distances = needs_distances(config, arm.arm);
    const std::vector<float> none, &known = distances ? pipeline.map().latent : none;  // of the recorded rows
    const data::Dataset* real = inputs(*arm.real, known);
    data.latent_columns = real->state_dim - arm.real->data.state_dim;
    auto add = [&](const data::RecordedData& rows, double part) {
        if (part <= 0) return;
        const bool recorded = &rows == arm.real;
        const std::vector<float> embedded =
            distances && !recorded ? pipeline.tdr().embed(rows.data.observations.data(), rows.data.rows) : none;
        const std::vector<float>& latents = recorded ? known : embedded;
        data.pools.push_back({recorded ? real : inputs(rows, latents), part});
        if (learns && augmenters::row_of(arm.arm).relabels) {
            data.pools.back().relabeller =
                std::make_shared<GoalRelabeller>(context, config.relabel, pipeline.map(), latents);
            data.pools.back().relabelled_goals = real;
        }
        if (data.protocol != Protocol::single_task) return;
        data::TaskLabels& labels = data.pools.back().labels;
        if (learns)
            labels = label(rows.recorded, environment_of(runner), config.policy.task);
        else
            labels.rewards = labels.masks = std::vector<float>(to_size(rows.recorded.rows));
    };
    if (arm.other) add(*arm.other, share);
    add(*arm.real, 1 - share);
    // The name determines the random streams of the learner, so each seed has another name.
    return learners::make_learner(spec.learner, context, config, runner.environment(), data,
                                  policy_stage(config, arm.arm, spec.learner, spec.seed));
}

std::string policy_label(const Config& config, const std::string& learner, int64_t seed) {
    return learner +
           (config.policy.protocol == Protocol::single_task ? "-task" + std::to_string(config.policy.task) : "") +
           (seed > 0 ? "-seed" + std::to_string(seed) : "");
}

std::string policy_stage(const Config& config, const std::string& arm, const std::string& learner, int64_t seed) {
    return "policy/" + arm + "/" + policy_label(config, learner, seed);
}

namespace {

double mean_success(const std::vector<Outcome>& outcomes) {
    const auto successes = std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.success; });
    return static_cast<double>(successes) / static_cast<double>(outcomes.size());
}

double mean_steps(const std::vector<Outcome>& outcomes) {
    double mean = 0;
    for (const Outcome& outcome : outcomes)
        mean += static_cast<double>(outcome.steps) / static_cast<double>(outcomes.size());
    return mean;
}

Evaluation evaluate_tasks(StageRunner& runner, const BatchPolicy& policy, bool record_paths) {
    const EvaluateConfig& config = runner.config().evaluate;
    const data::Environment& environment = environment_of(runner);
    const Protocol protocol = runner.config().policy.protocol;
    const std::vector<int64_t> tasks = tasks_of(runner);
    const auto seed = static_cast<uint64_t>(runner.config().general.seed);
    Evaluation result;
    result.episodes = environment.draw_episodes(tasks, config.episodes, protocol, seed);
    result.outcomes = evaluate(environment, result.episodes, protocol, policy, seed, record_paths);
    for (auto first = result.outcomes.begin(); first != result.outcomes.end(); first += config.episodes)
        result.task_success.push_back(mean_success({first, first + config.episodes}));
    result.success = mean_success(result.outcomes);
    result.mean_steps = mean_steps(result.outcomes);
    if (config.random_pairs > 0) {
        const std::vector<Outcome> pairs =
            evaluate(environment, environment.draw_pairs(config.random_pairs, seed), protocol, policy, seed, false);
        result.pairs_success = mean_success(pairs);
        result.pairs_steps = mean_steps(pairs);
    }
    if (environment.reward) {
        double sum = 0;
        for (const Outcome& outcome : result.outcomes) sum += outcome.sum_of_rewards;
        result.sum_of_rewards = sum / static_cast<double>(result.outcomes.size());
        if (environment.spec().expert_return != environment.spec().random_return)
            result.normalised_score = data::normalised_score(environment.spec(), *result.sum_of_rewards);
    }
    return result;
}

}  // namespace

Evaluation evaluate_policy(StageRunner& runner, const learners::Learner& policy, bool record_paths, bool by_subgoals) {
    const Config& config = runner.config();
    Pipeline& pipeline = runner.pipeline();
    std::optional<SubgoalSearch> search;
    if (by_subgoals) search.emplace(runner.context(), pipeline.tdr(), pipeline.map(), config.evaluate.subgoals);
    auto act = [&](const std::vector<double>& states, const std::vector<double>& goals) {
        const data::Units& units = pipeline.units();
        std::vector<float> s = units.states.rows_inward<float>(states), g = units.states.rows_inward<float>(goals);
        if (search) g = search->subgoals(s, g);
        if (config.policy.latents) s = pipeline.latent_inputs().of(s), g = pipeline.latent_inputs().of(g);
        return units.actions.rows_outward<double>(policy.act(s, g));
    };
    return evaluate_tasks(runner, act, record_paths);
}

std::optional<Evaluation> evaluate_expert(StageRunner& runner) {
    const data::Environment& environment = environment_of(runner);
    if (!environment.expert) return {};
    return evaluate_tasks(runner, environment.expert, false);
}

namespace {

std::string success_key(const Config& config, const PolicySpec& spec) {
    return "success/" + spec.arm.arm + "/" + policy_label(config, spec.learner, spec.seed);
}
std::string subgoals_key(const Config& config, const PolicySpec& spec) {
    return "success/" + spec.arm.arm + method::kLedSuffix + "/" + policy_label(config, spec.learner, spec.seed);
}
std::string score_key(const Config& config, const PolicySpec& spec) {
    return "score/" + spec.arm.arm + "/" + policy_label(config, spec.learner, spec.seed);
}

// Whether the policy's figures are those of other settings. They are then measured again.
bool evaluated_otherwise(StageRunner& runner, const PolicySpec& spec) {
    const data::Json* known = runner.results().find(success_key(runner.config(), spec) + "/settings");
    return known && known->as_string() != runner.pipeline().settings_fingerprint({"evaluate"});
}

// Stores the last and the best success of the curve, which includes evaluations of earlier sessions.
void put_success(StageRunner& runner, const PolicySpec& spec, const learners::Learner& policy,
                 const std::vector<MetricRow>& curve, data::Json& results) {
    const std::string stage = policy.name(), key = success_key(runner.config(), spec);
    std::map<int64_t, double> success, score;
    std::map<std::string, double> last;
    for (const MetricRow& row : curve) {
        if (row.key == stage + "/success") success[row.step] = row.value;
        if (row.key == stage + "/normalised_score") score[row.step] = row.value;
        if (row.step == policy.updates()) last[row.key] = row.value;
    }
    if (success.count(policy.updates()) == 0) return;  // not evaluated at the end
    auto put = [&](const std::string& name, const std::map<int64_t, double>& values) {
        double best = values.begin()->second;
        for (const auto& [step, value] : values) best = std::max(best, value);
        results[name + "/last"] = values.rbegin()->second;
        results[name + "/best"] = best;
    };
    put(key, success);
    results[key + "/settings"] = runner.pipeline().settings_fingerprint({"evaluate"});
    auto put_last = [&](const std::string& to, const std::string& prefix) {
        for (int64_t task : tasks_of(runner))
            results[to + "/task" + std::to_string(task)] =
                last[stage + "/" + prefix + "success_task" + std::to_string(task)];
        results[to + "/steps"] = last[stage + "/" + prefix + "episode_steps"];
        if (const auto pairs = last.find(stage + "/" + prefix + "pairs_success"); pairs != last.end()) {
            results[to + "/pairs"] = pairs->second;
            results[to + "/pairs_steps"] = last[stage + "/" + prefix + "pairs_steps"];
        }
    };
    put_last(key, "");
    const auto by_subgoals = last.find(stage + "/subgoals_success");
    if (by_subgoals != last.end()) {
        const std::string key_with_subgoals = subgoals_key(runner.config(), spec);
        results[key_with_subgoals + "/last"] = by_subgoals->second;
        put_last(key_with_subgoals, "subgoals_");
    }
    if (!score.empty()) put(score_key(runner.config(), spec), score);
}

// Stores mean, minimum and maximum over the seeds of a policy, of the figure key_of(policy) + "/last"; `spec` is its
// seed 0.
void put_spread(const Config& config, const PolicySpec& spec, std::string (*key_of)(const Config&, const PolicySpec&),
                data::Json& results) {
    std::vector<double> all;
    for (const PolicySpec& one : seeds_of(config, spec.learner, spec.arm)) {
        const data::Json* value = results.find(key_of(config, one) + "/last");
        if (!value) return;
        all.push_back(value->as_real());
    }
    const std::string key = key_of(config, spec);
    results[key + "/mean"] = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
    results[key + "/least"] = *std::min_element(all.begin(), all.end());
    results[key + "/most"] = *std::max_element(all.begin(), all.end());
}

// Trains policies in parallel. They are destroyed at the end, which releases their device memory. If one of them
// diverges, the others are completed and evaluated, and its error is returned.
std::exception_ptr train_and_evaluate_group(StageRunner& runner, const std::vector<PolicySpec>& specs) {
    const Config& config = runner.config();
    const bool simulated = data::find_environment(runner.environment()) != nullptr;
    const std::vector<int64_t> tasks = simulated ? tasks_of(runner) : std::vector<int64_t>{};
    std::vector<std::unique_ptr<learners::Learner>> policies;
    std::vector<StageRunner::Stage> stages;
    runner.flush_memory();
    for (const PolicySpec& spec : specs) {
        policies.push_back(make_policy(runner, runner.parallel_context(ssize(policies)), spec));
        learners::Learner& policy = *policies.back();
        std::set<int64_t> evaluated_steps;
        for (int64_t p = 1; simulated && p <= config.evaluate.points; ++p)
            evaluated_steps.insert(policy.updates() * p / config.evaluate.points);
        auto evaluate = [&](int64_t step, MetricsLog& log) {
            const Evaluation e = evaluate_policy(runner, policy, false);
            auto add = [&](const std::string& prefix, const Evaluation& made) {
                for (size_t t = 0; t < tasks.size(); ++t)
                    log.add(step, prefix + "success_task" + std::to_string(tasks[t]), made.task_success[t]);
                log.add(step, prefix + "episode_steps", made.mean_steps);
                if (made.pairs_success) {
                    log.add(step, prefix + "pairs_success", *made.pairs_success);
                    log.add(step, prefix + "pairs_steps", *made.pairs_steps);
                }
                log.add(step, prefix + "success", made.success);
            };
            if (config.evaluate.subgoals > 0 && step == policy.updates())
                add("subgoals_", evaluate_policy(runner, policy, false, true));
            if (e.sum_of_rewards) log.add(step, "sum_of_rewards", *e.sum_of_rewards);
            if (e.normalised_score) log.add(step, "normalised_score", *e.normalised_score);
            add("", e);
        };
        stages.push_back({policy,
                          policy_fingerprint(runner.pipeline(), spec.learner, spec.arm.arm,
                                             spec.arm.other ? &spec.arm.other->recorded : nullptr),
                          [evaluated_steps](int64_t step) { return evaluated_steps.count(step) > 0; }, evaluate,
                          "success", evaluated_otherwise(runner, spec)});
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
    for (size_t i = 0; i < specs.size(); ++i) put_success(runner, specs[i], *policies[i], curve, runner.results());
    runner.save_results();
    return diverged;
}

}  // namespace

void train_and_evaluate_policies(StageRunner& runner, const std::vector<PolicySpec>& specs) {
    const Config& config = runner.config();
    const bool with_subgoals = config.evaluate.subgoals > 0 && data::find_environment(runner.environment());
    const bool distances = std::any_of(specs.begin(), specs.end(),
                                       [&](const PolicySpec& spec) { return needs_distances(config, spec.arm.arm); });
    if (with_subgoals || distances)
        runner.require_trained(runner.pipeline().tdr(), runner.pipeline().fingerprint("tdr"));
    // Subgoals are searched on the device of the first policy of a group, so nothing else may run there.
    const auto group = with_subgoals ? 1 : to_size(runner.parallel_limit());
    std::exception_ptr diverged;
    for (size_t first = 0; first < specs.size(); first += group) {
        const auto begin = specs.begin() + static_cast<std::ptrdiff_t>(first);
        const size_t size = std::min(group, specs.size() - first);
        const auto failure = train_and_evaluate_group(runner, {begin, begin + static_cast<std::ptrdiff_t>(size)});
        if (!diverged) diverged = failure;
    }
    if (diverged) std::rethrow_exception(diverged);
    if (!data::find_environment(runner.environment())) return;
    if (const std::optional<Evaluation> expert = evaluate_expert(runner)) {
        data::Json& results = runner.results();
        results["expert/success"] = expert->success;
        results["expert/steps"] = expert->mean_steps;
        if (expert->pairs_success) {
            results["expert/pairs"] = *expert->pairs_success;
            results["expert/pairs_steps"] = *expert->pairs_steps;
        }
    }
    for (const PolicySpec& spec : specs)
        if (spec.seed == 0 && config.policy.seeds > 1)
            for (auto* key_of : {success_key, subgoals_key, score_key})
                put_spread(config, spec, key_of, runner.results());
    runner.save_results();
}

}  // namespace astro::app
