// Replays stored transitions in the exact simulator: the dynamics violation rate of a file (method notes 5.10).
#pragma once

#include "data/dataset.h"
#include "data/maze/physics.h"
#include "tensor/base/threads.h"

namespace astro::maze {

struct ReplayPart {  // real or synthetic transitions
    int64_t transitions = 0;
    double worst = 0;  // largest |component| off, in units
    int64_t worst_row = -1;
    std::vector<int64_t> violations;  // by tolerance: transitions with rms((s* - s') / sigma_delta) above it
};

struct Replay {
    std::vector<double> tolerance, sigma_delta;
    ReplayPart real, synthetic;
    int64_t bridges = 0;
    std::vector<int64_t> violating_bridges;  // by tolerance: bridges with any violating transition
};

// Each transition: the exact step from qpos[t] (observations[t] where there is none) under actions[t] against
// observations[t + 1]. sigma_delta: the file's, else measured over its own transitions. Error(data) where the
// states are not points in a plane.
Replay replay(const Layout& layout, const data::Dataset& dataset, const std::vector<double>& tolerances,
              ThreadPool& threads);

}  // namespace astro::maze
