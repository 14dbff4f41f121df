// Where the episodes of a file end. OGBench marks it in `terminals`; other programs have other names and habits.
//
// Read: `terminals`, `timeouts` (D4RL), `terminations`, `truncations` (Gymnasium, Minari), `dones`, `is_last` (RLDS)
// and the like: 1 on an episode's last row; `episode_starts` (Stable-Baselines3), `is_first`: 1 on its first row, or
// the first rows themselves; `episode_ids`, `episode_index` (LeRobot): the same number throughout an episode;
// `episode_ends`: the rows behind the last ones; `episode_lengths`. A row ends an episode where any of them says so.
// Where none does, rows whose `next_observations` is not the next row's observation are ends. docs/formats.md has the
// table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/npz.h"

namespace astro::data {

// How the rows of observations and of actions belong together.
struct EpisodeEnds {
    int64_t rows = 0;                // of observations that are used: all of them, or all but the last
    std::vector<uint8_t> terminals;  // (rows), 1 on the last row of an episode; the last of them is 1
    std::vector<int64_t> action_of;  // (rows), row of `actions`, or -1 where an episode's last row has none; empty: row
                                     // t has action t
    std::vector<std::string> notes;  // how the file was understood, unless it says it as OGBench does
};

// rows, steps: of `observations` and of `actions`. Where they differ, every episode ends with an observation without an
// action (rows = steps + episodes), or the file does (rows = steps + 1). Error(data) that names key, row and remedy: no
// mark at all, every row an end, marks that contradict themselves, numbers of rows that fit nothing.
EpisodeEnds read_episode_ends(const NpzReader& reader, int64_t rows, int64_t steps);

}  // namespace astro::data
