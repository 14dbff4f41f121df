// Replays stored transitions in an environment with exact steps, and computes the dynamics violation rate of a file
// (docs/method.md 11.4).
#pragma once

#include <functional>

#include "data/dataset.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "data/violations.h"
#include "tensor/base/threads.h"

namespace astro::data {

// Results for the real or the synthetic transitions: s' in the file is compared with s*, the state that the
// environment computes.
struct ReplayPart {
    ViolationRates rates;     // of bridges: synthetic transitions only
    double worst = 0;         // largest component of |s* - s'|, in units of the file
    int64_t worst_row = -1;   // row of this transition
    double worst_scaled = 0;  // largest rms((s* - s') / sigma_delta)
};

struct Replay {
    std::vector<double> sigma_delta;  // (state_dim)
    ReplayPart real, synthetic;
    // The error of a correct transition whose two states are rounded to float32, as they are stored: rms in
    // sigma_delta. It is large in files whose steps are short compared with the numbers.
    double rounding = 0;
    // Number of real states in a wall or out of bounds, and the first such row, if the environment has a picture.
    int64_t outside = 0, first_outside = -1;
};

// A simulator in a child process can take minutes.
struct ReplayOptions {
    bool synthetic_only = false;               // real transitions are skipped; Replay::real then counts none
    std::function<void(int64_t)> transitions;  // number of transitions replayed so far; called by one thread at a time
};

// The parts to read of a file for an environment (null: none). If its replays start from qpos and qvel, these must be
// valid.
inline Parts parts_for(const Environment* environment, Parts wanted) {
    const bool starts_from_qpos = environment && (environment->spec().qpos_columns > 0 || environment->stored_step);
    return starts_from_qpos && wanted == Parts::all ? Parts::simulator : wanted;
}

// Whether the environment can replay the file, by replay_rows. Error(data) if the file has qpos or qvel of another
// width than those from which the environment replays.
bool can_replay(const Environment& environment, const Dataset& dataset, const std::string& source);

// The next states (rows.size(), state_dim) of some rows under actions (rows.size(), action_dim). If the environment has
// a stored step and the file its columns, from qpos, qvel and observations; else by the exact step from
// simulator_state().
std::vector<double> replay_rows(const Environment& environment, const Dataset& dataset,
                                const std::vector<int64_t>& rows, const std::vector<double>& actions);

// The actions of some rows, (rows.size(), action_dim).
std::vector<double> actions_of(const Dataset& dataset, const std::vector<int64_t>& rows);

// Compares each transition with observations[t + 1]: the state that replay_rows gives for row t and its action. If a
// state is the whole qpos, the first observation of an episode is also compared with its qpos. sigma_delta is taken
// from the file, or measured over its transitions. source: name of the file in errors. Error(data): dimensions
// (including qpos) differ from the environment's, a synthetic transition has no bridge, or the file's sigma_delta is
// more than ten times the measured one. Error(usage): the environment cannot replay this file.
Replay replay(const Environment& environment, const Dataset& dataset, const std::vector<double>& tolerances,
              ThreadPool& threads, const std::string& source, const ReplayOptions& options = {});

// change_scale (tensor/base/moments.h) of the one-step differences of rows t -> t + 1 for each column (docs/method.md
// 3.2), without jumps; 0 for a column that never changes.
std::vector<double> one_step_sigma(const EnvironmentSpec& spec, const Dataset& dataset,
                                   const std::vector<int64_t>& rows);

// rms((next - state of the row) / sigma) over the columns that vary. next, sigma: (state_dim).
double scaled_error(const double* next, const Dataset& dataset, int64_t row, const std::vector<double>& sigma);

// Error(data) if a synthetic row has no bridge.
void check_bridges(const Dataset& dataset, const std::string& source);

// Values of a column that is constant in float32 may differ by this share of it.
inline constexpr double kConstantRounding = 1e-5;

bool is_synthetic(const Dataset& dataset, int64_t row);

// Whether the position is in a wall or beyond the bounds.
bool is_outside(const WorldPicture& world, double x, double y);

}  // namespace astro::data
