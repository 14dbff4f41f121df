// Jumps: steps that are not motion, such as teleports and the seams between episodes without end marks.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace astro::data {

inline constexpr double kJumpFactor = 5;

struct Jumps {
    std::vector<int64_t> rows;  // rows from which a jump leads to the next row of the same episode
    double bound = 0;           // steps longer than this are jumps; may be 0 if there are none
    double largest = 0;         // length of the longest jump
    // Steps that are not jumps by this bound, although they are as long as distances between unrelated rows and a
    // quarter of the steps are short: too many to tell jumps from motion. 0 if they are at most 1 % of the steps.
    int64_t undecided = 0;
};

// The length of a step is the Euclidean norm of its columns, each divided by its standard deviation over all rows. It
// does not depend on the units of the data.
//
// The bound is the smallest of three:
// 1. `factor` times the 99th percentile of all steps. It fails if more than one step in a hundred is a jump: the
//    percentile is then the length of a jump.
// 2. `factor` times the 99th percentile of running medians of five steps of one episode. Single jumps and pairs of
//    jumps do not change these medians. A system that alternates between rest and motion also has isolated long steps,
//    but these are short compared with the distance between two random rows. This bound is therefore at least a quarter
//    of the median of such distances. It fails if more than one step in ten is a jump: three of five neighbours then
//    often are.
// 3. The same with a lower percentile of more neighbours, the 30th of running 11 steps. Jumps in up to 30 % of the
//    steps do not change it. It is used only if more than 1 % and at most a third of the steps exceed it, and if these
//    are typically longer than half the median distance between two random rows, as steps to unrelated states are.
//    Short bursts of motion are not. The first and last five steps of episodes do not count: systems may settle there.
Jumps find_jumps(const Dataset& dataset, double factor = kJumpFactor);

// One line about undecided steps.
std::string describe_undecided(int64_t undecided);

}  // namespace astro::data
