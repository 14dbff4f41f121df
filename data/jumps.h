// Jumps: steps that are not motion, such as teleports and the seams between episodes without end marks.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace astro::data {

inline constexpr double kJumpFactor = 5;

struct Jumps {
    std::vector<int64_t> rows;  // rows from which a jump leads to the next row of the same episode
    double bound = 0;           // steps longer than this are jumps; 0: at least 99 % of the steps have length 0
    double largest = 0;         // length of the longest jump
};

// The length of a step is the Euclidean norm of its columns, each divided by its standard deviation over all rows. It
// does not depend on the units of the data.
//
// The bound is the smaller of two:
// 1. `factor` times the 99th percentile of all steps. It fails if more than one step in a hundred is a jump: the
//    percentile is then the length of a jump.
// 2. `factor` times the 99th percentile of running medians of five steps of one episode. Single jumps and pairs of
//    jumps do not change these medians, however many there are. A system that alternates between rest and motion also
//    has isolated long steps, but these are short compared with the distance between two random rows. This bound is
//    therefore at least a quarter of the median of such distances.
Jumps find_jumps(const Dataset& dataset, double factor = kJumpFactor);

}  // namespace astro::data
