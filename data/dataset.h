// An offline data set in memory: OGBench's compact form (every row of the file kept).
//
// Layout (OGBench, data_gen_scripts/generate_locomaze.py): a file holds episodes one after another, T rows
// each for T-1 transitions; `terminals` is 1 on the last row of an episode and nowhere else. Row t's
// transition is (observations[t], actions[t]) -> observations[t+1] and exists unless t is the last row of its
// episode. `terminals` marks where a trajectory ends (a truncation); it never stops bootstrapping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace astro::data {

struct Dataset {
    int64_t rows = 0;
    int64_t state_dim = 0;
    int64_t action_dim = 0;
    std::vector<float> observations;  // (rows, state_dim), less `origin`
    std::vector<double> origin;       // (state_dim): taken off 64-bit states before they are rounded; or empty
    bool wide_observations = false;   // the file has 64-bit states, and is written with them
    std::vector<float> actions;       // (rows, action_dim)
    std::vector<uint8_t> terminals;   // (rows), 1 on the last row of an episode
    std::vector<float> qpos;          // (rows, qpos_dim) or empty
    std::vector<float> qvel;          // (rows, qvel_dim) or empty
    int64_t qpos_dim = 0, qvel_dim = 0;

    // Only in augmented files (docs/formats.md); empty elsewhere.
    std::vector<uint8_t> is_synthetic;  // (rows), 1 where the transition leaving the row is a bridge's
    std::vector<int64_t> bridge;        // (rows), id of the bridge or -1
    std::vector<int64_t> source_row;    // (rows), row of the input file the row (or its bridge) comes from
    std::vector<int64_t> target_row;    // (rows), row of the input file the bridge leads to, or -1
    std::vector<float> arrival_error;   // (rows), e of the bridge, 0 on real rows
    std::vector<float> sigma_delta;     // (state_dim), std of one-step differences of the input's real rows

    // How the file was understood where it says things in another way than OGBench does, a line each.
    std::vector<std::string> notes;

    // Derived by index_episodes().
    std::vector<int64_t> episode_start;  // (episodes + 1), first row of each episode, then rows
    std::vector<int32_t> episode_of;     // (rows)

    int64_t episodes() const { return static_cast<int64_t>(episode_start.size()) - 1; }
    const float* observation(int64_t row) const { return observations.data() + row * state_dim; }
    // One number of a state as in the file, the origin included.
    double state(int64_t row, int64_t column) const {
        return double(observation(row)[column]) + (origin.empty() ? 0 : origin[static_cast<size_t>(column)]);
    }
    const float* action(int64_t row) const { return actions.data() + row * action_dim; }
    int64_t episode_end(int64_t episode) const {  // last row of the episode, inclusive
        return episode_start[static_cast<size_t>(episode) + 1] - 1;
    }
};

// Fills episode_start and episode_of from terminals. Error(data) unless the last row is terminal.
void index_episodes(Dataset& dataset);

// OGBench's regular load (ogbench/utils.py, load_dataset with compact_dataset=False): one entry a transition.
// The transition of rows[i] is (observations[rows[i]], actions[rows[i]]) -> observations[rows[i] + 1]; the
// last row of an episode is in no entry, its action is never used.
struct RegularView {
    std::vector<int64_t> rows;
    std::vector<uint8_t> terminals;  // 1 on the last transition of an episode
};
RegularView regular_view(const Dataset& dataset);

}  // namespace astro::data
