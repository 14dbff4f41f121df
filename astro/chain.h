// A chain: a whole trajectory spliced from recorded rows and bridges, row by row.
#pragma once

#include "astro/acceptance.h"
#include "astro/temporal_map.h"
#include "data/dataset.h"
#include "tensor/base/rows.h"

namespace astro::method {

// One attempted bridge: its best candidate, kept whether accepted or not (arms are compared before acceptance).
struct BridgeAttempt {
    int64_t chain = 0, source_row = 0, target_row = 0;  // rows of the input file
    double steps = 0;                                   // n_cal from cut to target
    std::vector<float> source_state, target_state;      // (D): the chain's state at the cut, g_0
    Bridge bridge;
    double arrival_bound = 0;  // on the true arrival error, in sigma_delta (docs/method.md 9.9)
    Verdict verdict = Verdict::accepted;
};

// A finished chain: rows of a spliced trajectory, in order.
struct Chain {
    std::vector<float> observations, actions;  // (rows, D), (rows, A)
    std::vector<int64_t> source_row;           // (rows): the row itself, or the row at which its bridge starts
    std::vector<int64_t> target_row, attempt;  // (rows): for the bridge after the row; -1 on real rows
    std::vector<uint8_t> ends;                 // (rows): 1 where a trajectory ends (seam `open`)
    int64_t bridges = 0;
    int64_t rows() const { return ssize(source_row); }

    // Appends recorded rows first .. last of `data`.
    void append_recorded(const data::Dataset& data, int64_t first, int64_t last);
    // Appends the bridge of an attempt to the last row, which is its source and gets the bridge's first action. A
    // bridge of one action has no rows of its own, unless the seam is open.
    void append_bridge(const BridgeAttempt& made, int64_t attempt_index, Seam seam);
};

// The segments in which chains start: those that travel for more than augment.start_arrival steps. Error(data) if there
// is none.
std::vector<int64_t> chain_starts(const TemporalMap& map, const AugmentConfig& config);

}  // namespace astro::method
