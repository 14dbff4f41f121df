// Bridges between episodes, from held-out rows: what the planner has never seen either end of together.
#pragma once

#include "astro/pipeline.h"

namespace astro::method {

// Ends of at most `most` bridges of the whole gap. Sources: held-out rows during travel, evenly spaced. Targets: for
// each, one of the training rows that the TDR says are reachable in M + 1 steps, drawn uniformly from at most 20000
// evenly spaced ones. Sources without such a row are left out. Needs a trained TDR.
std::vector<StitchEnds> cross_episode_ends(Pipeline& pipeline, int64_t most);

// Bridges between these ends, sampled as for augmentation, by the current planner; none if there are no pairs.
std::vector<std::vector<Bridge>> sample_cross_bridges(Pipeline& pipeline, int64_t most);

}  // namespace astro::method
