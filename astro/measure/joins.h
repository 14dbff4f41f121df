// Which episodes the bridges of a stitched data set join, and how often.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace astro::method {

struct Join {
    int64_t from = 0, to = 0;  // episodes of the data set that was stitched, from 0
    int64_t bridges = 0;
};

struct EpisodeJoins {
    int64_t episode = 0, left = 0, entered = 0;  // bridges that start in it, and that lead to it
};

struct Joins {
    int64_t bridges = 0;
    std::vector<Join> pairs;             // ordered pairs of episodes, the most joined first, then by number
    std::vector<EpisodeJoins> episodes;  // those with any bridge, in the same order
};

// stitched: with bridge, source_row and target_row (data/dataset.h). source: the rows to which these refer.
// Error(data) if one of them is not a row of source.
Joins count_joins(const data::Dataset& stitched, const data::Dataset& source);

}  // namespace astro::method
