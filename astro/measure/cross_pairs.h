// Bridges from held-out rows to rows of other episodes. The planner has not seen such a pair of ends in training.
#pragma once

#include "astro/pipeline.h"

namespace astro::method {

// Ends of at most `limit` bridges with the full gap M. Sources: held-out rows during travel, evenly spaced. Targets:
// for each source, a training row that is reachable in M + 1 steps according to the TDR, drawn uniformly from at most
// 20000 evenly spaced ones. Sources without such a row are left out. Needs a trained TDR.
std::vector<StitchEnds> cross_episode_ends(Pipeline& pipeline, int64_t limit);

// These ends with bridges, sampled as for augmentation, by the current planner; empty if there are no pairs.
BridgedEnds sample_cross_bridges(Pipeline& pipeline, int64_t limit);

}  // namespace astro::method
