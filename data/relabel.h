// Rewards and masks of OGBench's single-task ("-singletask-taskN") variants of the mazes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace astro::data {

struct TaskLabels {
    std::vector<float> rewards;  // (rows), 0 on success, else -1
    std::vector<float> masks;    // (rows), 0 on success (no bootstrapping), else 1
    int64_t successes = 0;       // rows with success that have a transition
};

// success = |xy - goal| <= tolerance, judged on s, the row itself, not on s' (OGBench 1.2, relabel_utils.py:
// reward = success - 1, mask = 1 - success). xy: the first two columns of qpos, of observations where there
// is no qpos. The same for real and synthetic rows; trajectories do not stop at success. goal_xy and
// tolerance in maze units (1.0 for the point, 0.5 for ant and humanoid).
TaskLabels relabel_singletask(const Dataset& dataset, std::array<double, 2> goal_xy, double tolerance);

}  // namespace astro::data
