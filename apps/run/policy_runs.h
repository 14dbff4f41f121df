// Training a policy on one arm's data, evaluated along the way in the environment.
#pragma once

#include "apps/run/arms.h"
#include "apps/run/output.h"
#include "astro/evaluate.h"
#include "astro/learners/learner.h"

namespace astro::app {

// A policy to learn: the rule, its data, and which of policy.seeds.
struct PolicyRun {
    std::string learner;
    ArmData arm;
    int64_t seed = 0;
};
// Before any time is spent: Error(usage) where the environment lacks a task that is to be evaluated.
void check_tasks(const StageRunner& runner);

// A run for each of policy.seeds.
std::vector<PolicyRun> seeds_of(const Config& config, const std::string& learner, const ArmData& arm);

// context: the runner's, or one beside it.
std::unique_ptr<learners::Learner> make_policy(StageRunner& runner, const Context& context, const PolicyRun& run);

// Trains (continues, skips) them, runner.side_by_side() at a time, and evaluates each `evaluate.points` times, the last
// at the end. One that diverges does not stop the others: its Error(numeric) is thrown at the end. A policy takes up the device until those trained with it are done. Metrics: success/ARM/LABEL/last, /best
// and /task1.., shares of episodes; where there are several seeds, /mean, /least and /most of the seeds' last.
void train_and_evaluate_policies(StageRunner& runner, const std::vector<PolicyRun>& runs);

// How stages and figures name a policy: "iql"; "iql-task2" where it learns one fixed task; "iql-seed1" for the seeds
// from 1.
std::string policy_label(const Config& config, const std::string& learner, int64_t seed = 0);

struct Evaluation {
    double success = 0;                // mean over tasks
    std::vector<double> task_success;  // by task evaluated
    double mean_steps = 0;
    std::vector<data::Episode> episodes;
    std::vector<Outcome> outcomes;
};
// Error(usage) where no environment fits.
Evaluation evaluate_policy(StageRunner& runner, const learners::Learner& policy, bool record_paths);

}  // namespace astro::app
