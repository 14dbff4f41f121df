// Success of a policy in an environment, for many episodes at once.
#pragma once

#include <functional>
#include <vector>

#include "data/environment.h"

namespace astro::method {

struct Outcome {
    bool success = false;
    int64_t steps = 0;          // to success, or to the step limit
    double sum_of_rewards = 0;  // total over the episode, if the environment has rewards
    std::vector<float> path;    // states of the episode, (its steps + 1, state_dim), if recorded
};

// Actions for a batch: states and goals (n, state_dim) in, actions (n, action_dim) out, in the environment's units.
// Each row must be computed independently of the others.
using BatchPolicy =
    std::function<std::vector<double>(const std::vector<double>& states, const std::vector<double>& goals)>;

// Runs all episodes in parallel. Each time step makes one call of the policy and one step of the environment for the
// episodes that are still running. If the environment has fewer agents, episodes run in groups. Actions are clipped to
// the environment's limit. An episode ends on success, unless the environment continues after success, or at the
// environment's step limit. Success is evaluated by the environment or by its tolerance, on s' (goal-conditioned) or on
// s (single-task), and counts at any step. Rewards are those of s'. Error(data) if the policy and the environment have
// different action dimensions.
std::vector<Outcome> evaluate(const data::Environment& environment, const std::vector<data::Episode>& episodes,
                              Protocol protocol, const BatchPolicy& policy, uint64_t seed, bool record_paths);

}  // namespace astro::method
