// Success of a policy in an environment, over many episodes at once.
#pragma once

#include <functional>
#include <vector>

#include "data/environment.h"

namespace astro {

struct Outcome {
    bool success = false;
    int64_t steps = 0;
    std::vector<float> path;  // states seen, (steps + 1, state_dim), where recorded
};

// Actions for a batch: states and goals (n, state_dim) in, actions (n, action_dim) out. Must treat each row by itself.
using BatchPolicy =
    std::function<std::vector<float>(const std::vector<float>& states, const std::vector<float>& goals)>;

// Runs all episodes in step: at each time step one call of the policy and one step of the environment for those that
// still run; where the environment has fewer agents at a time, group by group. Actions are clipped to [-1, 1]. An episode
// ends with success, or at the environment's step limit.
// Success is judged, by the environment's tolerance or by itself, on s' (goal-conditioned) or on s (single-task). Error(data) where the policy's actions are not as
// many as the environment's.
std::vector<Outcome> evaluate(const data::Environment& environment, const std::vector<data::Episode>& episodes,
                              Protocol protocol, const BatchPolicy& policy, uint64_t seed, bool record_paths);

}  // namespace astro
