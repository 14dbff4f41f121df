// Bridges from held-out rows to rows of other episodes. The planner has not seen such a pair of ends in training.
#pragma once

#include "astro/pipeline.h"

namespace astro::method {

constexpr int64_t kCrossPairs = 256;  // bridges that are measured

// Ends of at most `limit` bridges with the full gap M. Sources: held-out rows during travel, evenly spaced. Targets:
// for each source, a training row that is reachable in M + 1 steps according to the TDR, drawn uniformly from at most
// 20000 evenly spaced ones. Sources without such a row are left out. Needs a trained TDR.
std::vector<StitchEnds> cross_episode_ends(Pipeline& pipeline, int64_t limit);

// Bridges between these ends, sampled as for augmentation, by the current planner; none if there are no pairs.
std::vector<std::vector<Bridge>> sample_cross_bridges(Pipeline& pipeline, int64_t limit);

}  // namespace astro::method
