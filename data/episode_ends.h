// Finds the rows on which the episodes of a file end. OGBench marks them in `terminals`. Other programs use other
// arrays and conventions; docs/formats.md lists all supported names:
// - 1 on the last row: `terminals`, `timeouts` (D4RL), `terminations`, `truncations` (Gymnasium, Minari), `dones`,
//   `is_last` (RLDS);
// - 1 on the first row, or the indices of the first rows: `episode_starts` (Stable-Baselines3), `is_first`;
// - the same number on all rows of an episode: `episode_ids`, `episode_index` (LeRobot);
// - indices of the rows after the last rows: `episode_ends`; numbers of rows: `episode_lengths`.
// A row is the end of an episode if any of these arrays marks it, or if its `next_observations` differs from the
// observation of the next row. If these differ in most rows although there are marks, they are not used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/npz.h"

namespace astro::data {

// The ends of episodes, and which row of `actions` belongs to which observation.
struct EpisodeEnds {
    int64_t rows = 0;                // number of observations that are used: all, or all but the last
    std::vector<uint8_t> terminals;  // (rows), 1 on the last row of an episode; the last element is 1
    std::vector<int64_t> action_of;  // (rows), row of `actions`, or -1 on the last row of an episode without an action;
                                     // empty: row t has action t
    std::vector<std::string> notes;  // how the file was interpreted, if it deviates from OGBench's layout
};

// rows, action_rows: numbers of rows of `observations` and `actions`. If they differ, either each episode has a final
// observation without an action (rows = action_rows + episodes), or only the file does (rows = action_rows + 1).
// Error(data) with array, row and a hint: there is no mark, every row is an end, marks contradict each other, or the
// numbers of rows are inconsistent.
EpisodeEnds read_episode_ends(const NpzReader& reader, int64_t rows, int64_t action_rows);

// True for the name of an array that marks ends.
bool marks_ends(std::string_view key);

}  // namespace astro::data
