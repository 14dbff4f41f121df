// Generates point-maze data sets as OGBench does (data_gen_scripts/generate_locomaze.py, docs/method.md 12.5).
//
// An oracle moves from cell to cell along shortest paths, with noise on its actions.
// - navigate: a new goal after each arrival;
// - stitch: one goal, 4 cells away from the start;
// - explore: random directions, drawn every 10 steps.
// OGBench's published files were generated without a seed, so only their statistics can be reproduced.
#pragma once

#include "data/dataset.h"
#include "data/environments/pointmaze_agent.h"
#include "tensor/base/threads.h"

namespace astro::maze {

enum class CollectType { navigate, stitch, explore };
CollectType collect_type(std::string_view name);  // Error(usage) for other names

struct CollectSpec {
    CollectType type = CollectType::stitch;
    int64_t episodes = 5000;
    int64_t episode_rows = 201;  // rows per episode, one more than transitions
    double noise = 0.5;          // standard deviation of the noise on actions
    uint64_t seed = 0;
};

// OGBench's number of rows per episode for a maze and a type.
int64_t default_rows(std::string_view maze, CollectType type);

// part: "train" or "val", which use different random streams. The result does not depend on the number of threads.
data::Dataset collect(const Layout& layout, const CollectSpec& spec, std::string_view part, ThreadPool& threads);

}  // namespace astro::maze
