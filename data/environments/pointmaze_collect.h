// The generators of OGBench's point-maze data sets (data_gen_scripts/generate_locomaze.py, docs/method.md 12.5).
//
// An oracle walks from cell to cell along shortest paths, its heading disturbed by noise. navigate: a new goal at
// each arrival; stitch: the goal is 4 cells away and is kept; explore: random headings, redrawn every 10 steps.
// The official files are not seeded, so only statistics can match theirs.
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
    int64_t episode_rows = 201;  // rows an episode, one more than transitions
    double noise = 0.5;          // standard deviation of the action noise
    uint64_t seed = 0;
};

// OGBench's number of rows an episode for a maze and a type.
int64_t default_rows(std::string_view maze, CollectType type);

// part: "train" or "val", which get streams of their own. The result does not depend on the number of threads.
data::Dataset collect(const Layout& layout, const CollectSpec& spec, std::string_view part, ThreadPool& threads);

}  // namespace astro::maze
