// Rewards and masks of one fixed task: OGBench's "-singletask-taskN" variants of the mazes, D4RL's maze2d.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/environment.h"

namespace astro::data {

struct TaskLabels {
    std::vector<float> rewards;  // (rows)
    std::vector<float> masks;    // (rows), 0 where the task has ended (no bootstrapping), else 1
    int64_t successes = 0;       // rows with success that have a transition
};

// Judged on s, the row itself, not on s', as simulator_state() tells it (OGBench 1.2, relabel_utils.py; D4RL's files).
// Without a reward of the environment's own: reward = success - 1, mask = 1 - success. With one: that reward, and masks
// of 1. The same for real and synthetic rows; trajectories do not stop at success. goal: (state_dim).
TaskLabels relabel_singletask(const Dataset& dataset, const Environment& environment, const std::vector<double>& goal);

}  // namespace astro::data
