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
    double worst_scaled = 0;  // largest rms((s* - s') / sigma_delta)
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

// Each transition: the exact step from simulator_state() of row t under actions[t] against observations[t + 1]; or the
// stored step from qpos[t], qvel[t] and observations[t] where the environment has one and the file has these columns.
// Where a state is all of qpos, an episode's first observation must be its qpos, too. sigma_delta: the file's, else
// measured over its own transitions. source names the file in errors: Error(data) where its dimensions are not the
// environment's, qpos among them, where a synthetic transition is no bridge's, or where the file's sigma_delta is more
// than ten times what its transitions show; Error(usage) where the environment has no step for what the file has.
Replay replay(const Environment& environment, const Dataset& dataset, const std::vector<double>& tolerances,
              ThreadPool& threads, const std::string& source);

// Standard deviation of the one-step differences of rows t -> t + 1 for each column, at least a thousandth of that of the
// states (docs/method.md 3.2); 0 for a column that does not change.
std::vector<double> one_step_sigma(const EnvironmentSpec& spec, const Dataset& dataset, const std::vector<int64_t>& rows);

// rms((next - state of the row) / sigma) over the columns that vary. next, sigma: (state_dim).
double scaled_error(const double* next, const Dataset& dataset, int64_t row, const std::vector<double>& sigma);

bool is_synthetic(const Dataset& dataset, int64_t row);

// Whether the position is in a wall or beyond the bounds.
bool is_outside(const WorldPicture& world, double x, double y);

}  // namespace astro::data
