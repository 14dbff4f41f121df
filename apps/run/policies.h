// Training of policies on the data of an arm, with evaluations in the built-in environment.
#pragma once

#include <optional>

#include "apps/run/arms.h"
#include "apps/run/output.h"
#include "astro/evaluate.h"
#include "astro/learners/learner.h"

namespace astro::app {

// The parts of the data that commands about policies read.
data::Parts policy_parts(const Config& config);

// A policy to train: the learner, its data, and the index of its seed (0 .. policy.seeds - 1).
struct PolicySpec {
    std::string learner;
    ArmData arm;
    int64_t seed = 0;
};
// One entry for each of policy.seeds.
std::vector<PolicySpec> seeds_of(const Config& config, const std::string& learner, const ArmData& arm);

// Fingerprint of everything that the policy of an arm depends on. other: the arm's second data set, as recorded, or
// null.
std::string policy_fingerprint(const Pipeline& pipeline, const std::string& learner, const std::string& arm,
                               const data::Dataset* other);

// Whether the policy of an arm needs the trained TDR to act or to learn.
bool needs_distances(const Config& config, const std::string& arm);

// context: runner.context(), or one of runner.parallel_context(). The TDR must be trained if needs_distances().
// learns: false for a policy that is only loaded, which needs no rewards.
std::unique_ptr<learners::Learner> make_policy(StageRunner& runner, const Context& context, const PolicySpec& spec,
                                               bool learns = true);

// Trains policies (or resumes or skips them), runner.parallel_limit() at a time. Each is evaluated `evaluate.points`
// times, the last time at the end. If one diverges, the others are completed, and its Error(numeric) is thrown at the
// end. A policy uses device memory until all policies of its group are finished. Results: success/ARM/LABEL/last, /best
// and /task1 .., as fractions of episodes, success/ARM+subgoals/LABEL the same if evaluate.subgoals is set;
// score/ARM/LABEL/last and /best in environments with normalised scores; with several seeds also /mean, /least and
// /most of the seeds' last values.
void train_and_evaluate_policies(StageRunner& runner, const std::vector<PolicySpec>& specs);

// Error(usage) if single-task policies are wanted without an environment that has rewards. environment: its name, or
// "".
void check_protocol(const Config& config, const std::string& environment);

// evaluate.tasks, or policy.task in single-task mode; Error(usage) for a task that the environment does not have.
std::vector<int64_t> evaluated_tasks(const Config& config, const data::EnvironmentSpec& spec);

// Episodes of one evaluation of a policy.
int64_t evaluated_episodes(const Config& config, const data::EnvironmentSpec& spec);

// How many policies an experiment trains, as words: "6 policies".
std::string policies_of_experiment(const Config& config);

// The name of a policy in stages and figures: "iql"; "iql-task2" for a single task; "iql-seed1" for seeds from 1 on.
std::string policy_label(const Config& config, const std::string& learner, int64_t seed = 0);

// The name of its stage: "policy/raw/iql-seed1".
std::string policy_stage(const Config& config, const std::string& arm, const std::string& learner, int64_t seed);

struct Evaluation {
    double success = 0;                // mean over tasks
    std::vector<double> task_success;  // for each evaluated task
    double mean_steps = 0;
    std::optional<double> pairs_success, pairs_steps;  // on evaluate.random_pairs
    // Where the environment has rewards (and scores): of an episode, mean over all.
    std::optional<double> sum_of_rewards, normalised_score;
    std::vector<data::Episode> episodes;
    std::vector<Outcome> outcomes;
};
// by_subgoals: the policy is led along the landmark graph (evaluate.subgoals), which needs the trained TDR. Throws
// Error(usage) if there is no built-in environment for the data.
Evaluation evaluate_policy(StageRunner& runner, const learners::Learner& policy, bool record_paths,
                           bool by_subgoals = false);
// The environment's expert on the same episodes; nothing if it has none.
std::optional<Evaluation> evaluate_expert(StageRunner& runner);

}  // namespace astro::app
