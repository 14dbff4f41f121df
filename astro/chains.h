// Chains: whole trajectories spliced from suffixes of real episodes and generated bridges
// [ours: docs/method.md 9.3, 9.4].
//
// Chains are built in rounds, many at a time, each with its own random stream. In a round every open chain draws a cut
// in the last part of its suffix's travel and a target: the first one, or the best of several that are probed. All
// bridges of the round are sampled together. The accepted ones extend their chains.
#pragma once

#include <functional>
#include <string>

#include "astro/chain.h"
#include "astro/target_selection.h"

namespace astro::method {

struct Augmentation {
    std::vector<Chain> chains;
    std::vector<BridgeAttempt> attempts;
    // A query is a decision about the next bridge of a chain. A candidate is a row that the target index finds, a
    // target a candidate that the chain rule allows.
    int64_t rounds = 0, queries = 0, queries_without_candidate = 0, queries_without_target = 0;
    int64_t ended_by_depth = 0, ended_without_target = 0, ended_by_rejections = 0, dropped_without_bridge = 0;
    double wall_share = 0;        // share of chosen targets with d_G > 2 n^ + 6 (behind a wall)
    std::string stopped_because;  // empty: the requested number of rows was reached
};

// Callback of build_chains, which can take minutes. May be empty.
struct ChainProgress {
    std::function<void(int64_t rows, int64_t wanted, const Augmentation&)> round;
};

// Builds chains until at least `rows` rows are spliced. Chains are kept whole, so there may be a few more.
// Error(data) if no episode travels far enough to start a chain.
Augmentation build_chains(const Context& context, const AugmentConfig& config, const TemporalMap& map,
                          const TargetIndex& index, const BridgeMaker& maker, const Statistics& statistics,
                          const AcceptanceBounds& bounds, const SelectionConfig& selection, uint64_t seed, int64_t rows,
                          const ChainProgress& progress);

}  // namespace astro::method
