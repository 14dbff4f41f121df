// Steps that are no motion: teleports, and the seams between episodes whose ends nobody marked.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace astro::data {

inline constexpr double kJumpFactor = 5;

struct Jumps {
    std::vector<int64_t> rows;  // the step from each of them to the next row, in the same episode, is a jump
    double bound = 0;           // steps longer than this are jumps; 0: there is no ordinary step to compare with
    double largest = 0;         // the longest of them
};

// The length of a step is Euclidean, each column in units of its standard deviation over all rows, so that it does not
// depend on the units of the data.
//
// Ordinary steps are at most `factor` times a percentile: the 99th of all steps, as long as jumps are fewer than one in
// a hundred. When they are more, they are that percentile. So it is also taken of running medians (of five steps of one
// episode), which pass over steps that stand alone or in pairs, however many there are. A system that rests and moves by
// turns has such steps too; they differ from jumps in that they are short beside the distance of two rows picked at
// random. So the second bound is at least a quarter of the median of those distances. The lower bound of the two holds.
Jumps find_jumps(const Dataset& dataset, double factor = kJumpFactor);

}  // namespace astro::data
