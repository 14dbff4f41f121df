// Replays stored transitions in an exact environment: the dynamics violation rate of a file (docs/method.md 11.4).
#pragma once

#include "data/dataset.h"
#include "data/environment.h"
#include "tensor/base/threads.h"

namespace astro::data {

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
    // Real states that are in a wall or beyond the bounds, where the environment has a picture of its world.
    int64_t outside = 0, first_outside = -1;
};

// Each transition: the exact step from simulator_state() of row t under actions[t] against observations[t + 1]. If qpos
// is the whole state, an episode's first observation must be its qpos, too. sigma_delta: the file's, else measured over
// its own transitions. source names the file in errors: Error(data) where its dimensions are not the environment's, qpos
// among them, where a synthetic transition is no bridge's, or where the file's sigma_delta is more than ten times what
// its transitions show; Error(usage) where the environment has no exact step.
Replay replay(const Environment& environment, const Dataset& dataset, const std::vector<double>& tolerances,
              ThreadPool& threads, const std::string& source);

// Are the data of this environment? Error(data) where, of up to 1000 real transitions from all over the file, more than
// one in twenty are off by half their own standard deviation, or lead out of the world: they come from another system.
// Portals and stored bridges are fewer or nearer. Says nothing where the environment has no exact step.
void check_origin(const Environment& environment, const Dataset& dataset, const std::string& source);

}  // namespace astro::data
