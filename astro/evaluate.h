// Success of a policy in an environment, over many episodes at once.
#pragma once

#include <functional>
#include <vector>

#include "data/environment.h"

namespace astro::method {

struct Outcome {
    bool success = false;
    int64_t steps = 0;          // to success, or to the step limit
    double sum_of_rewards = 0;  // of the whole episode, where the environment has rewards
    std::vector<float> path;    // states seen to the end of the episode, (its steps + 1, state_dim), where recorded
};

// Actions for a batch: states and goals (n, state_dim) in, actions (n, action_dim) out, in the environment's units. Must
// treat each row by itself.
using BatchPolicy =
    std::function<std::vector<double>(const std::vector<double>& states, const std::vector<double>& goals)>;

// Runs all episodes in step: at each time step one call of the policy and one step of the environment for those that
// still run; where the environment has fewer agents at a time, group by group. Actions are clipped to the environment's
// limit. An episode ends with success, unless the environment says that it goes on, or at the environment's step limit.
// Success is judged, by the environment's tolerance or by itself, on s' (goal-conditioned) or on s (single-task), and
// counts whenever it happens; rewards are of s'. Error(data) where the policy's actions are not as
// many as the environment's.
std::vector<Outcome> evaluate(const data::Environment& environment, const std::vector<data::Episode>& episodes,
                              Protocol protocol, const BatchPolicy& policy, uint64_t seed, bool record_paths);

}  // namespace astro::method
