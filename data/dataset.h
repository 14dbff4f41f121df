// An offline data set in memory, in OGBench's compact form: all rows of the file are kept.
//
// Layout (OGBench, data_gen_scripts/generate_locomaze.py): episodes are stored one after another. An episode of T rows
// has T - 1 transitions. `terminals` is 1 on the last row of an episode and 0 elsewhere. The transition of row t is
// (observations[t], actions[t]) -> observations[t+1]; the last row of an episode has none. `terminals` marks
// truncations: learners bootstrap at the end of a trajectory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/base/rows.h"

namespace astro::data {

struct Dataset {
    int64_t rows = 0;
    int64_t state_dim = 0;
    int64_t action_dim = 0;
    std::vector<float> observations;  // (rows, state_dim), minus `origin`
    std::vector<float> actions;       // (rows, action_dim), minus `action_origin`
    // (state_dim), (action_dim): subtracted from numbers of more digits than float32 before they are rounded; or empty.
    std::vector<double> origin, action_origin;
    bool wide_observations = false, wide_actions = false;  // they are written as float64
    std::vector<uint8_t> terminals;                        // (rows), 1 on the last row of an episode
    std::vector<float> qpos;                               // (rows, qpos_dim) or empty
    std::vector<float> qvel;                               // (rows, qvel_dim) or empty
    int64_t qpos_dim = 0, qvel_dim = 0;

    // Only in augmented files (docs/formats.md); empty elsewhere.
    std::vector<uint8_t> is_synthetic;  // (rows), 1 if the transition that leaves the row belongs to a bridge
    std::vector<int64_t> bridge;        // (rows), id of the bridge, or -1
    std::vector<int64_t> source_row;    // (rows), row of the input file from which the row, or its bridge, comes
    std::vector<int64_t> target_row;    // (rows), row of the input file at which the bridge ends, or -1
    std::vector<float> arrival_error;   // (rows), arrival error e of the bridge; 0 on real rows
    std::vector<float> sigma_delta;     // (state_dim), std of one-step differences over the input's real rows

    // How a file that deviates from OGBench's layout was interpreted, one line per difference.
    std::vector<std::string> notes;

    // Computed by index_episodes().
    std::vector<int64_t> episode_start;  // (episodes + 1), first row of each episode, followed by `rows`
    std::vector<int32_t> episode_of;     // (rows)

    int64_t episodes() const { return ssize(episode_start) - 1; }
    const float* observation(int64_t row) const { return observations.data() + row * state_dim; }
    // One component of a state as in the file, with the origin added.
    double state(int64_t row, int64_t column) const {
        return double(observation(row)[column]) + (origin.empty() ? 0 : nth(origin, column));
    }
    const float* action(int64_t row) const { return actions.data() + row * action_dim; }
    double action_value(int64_t row, int64_t column) const {  // the same of an action
        return double(action(row)[column]) + (action_origin.empty() ? 0 : nth(action_origin, column));
    }
    int64_t episode_end(int64_t episode) const {  // last row of the episode, inclusive
        return episode_start[to_size(episode) + 1] - 1;
    }
};

// Sets origins and the types that are written to those of another data set.
void copy_precision(const Dataset& from, Dataset& to);
// The origin for conversions of units (data/units.h).
inline const double* or_null(const std::vector<double>& origin) { return origin.empty() ? nullptr : origin.data(); }

// Computes episode_start and episode_of from terminals. Error(data) unless the last row is terminal.
void index_episodes(Dataset& dataset);

// OGBench's regular form (ogbench/utils.py, load_dataset with compact_dataset=False): one entry per transition. The
// transition of rows[i] is (observations[rows[i]], actions[rows[i]]) -> observations[rows[i] + 1]. The last row of an
// episode has no entry, and its action is never used.
struct RegularView {
    std::vector<int64_t> rows;
    std::vector<uint8_t> terminals;  // 1 on the last transition of an episode
};
RegularView regular_view(const Dataset& dataset);

}  // namespace astro::data
