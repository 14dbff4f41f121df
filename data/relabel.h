// Rewards and masks for one fixed task: OGBench's "-singletask-taskN" variants of the mazes, and D4RL's maze2d.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/environment.h"

namespace astro::data {

struct TaskLabels {
    std::vector<float> rewards;  // (rows)
    std::vector<float> masks;    // (rows), 0 where the task has ended, which stops bootstrapping; else 1
    int64_t successes = 0;       // number of successful rows that have a transition
};

// Rewards depend on s, the simulator_state() of the row, and not on s' (OGBench 1.2, relabel_utils.py; D4RL's files).
// If the environment has no reward: reward = success - 1, mask = 1 - success. Otherwise: that reward, and masks of 1.
// Real and synthetic rows are treated alike. Trajectories do not end at success. goal: (state_dim).
TaskLabels relabel_singletask(const Dataset& dataset, const Environment& environment, const std::vector<double>& goal);

}  // namespace astro::data
