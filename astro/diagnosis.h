// Why stitching failed: the first stage of the pipeline that explains it, with its figures and a hint.
#pragma once

#include <string>

#include "astro/chains.h"
#include "astro/pipeline.h"

namespace astro::method {

// For an augmentation without a chain: "CAUSE; hint: ...". The causes are tested in the order of the stages:
// - no row of another episode is within reach, or the chain rule allows none of these rows: the TDR predicts a small
//   part of the steps between rows of one episode, or a setting does not fit the data,
// - a column never changes within an episode, but differs between episodes,
// - the dynamics model is not better than standing still (the state does not change),
// - most targets are farther away than the data travel in as many steps as a bridge has,
// - the planner's bridges do not end closer to their targets than standing still does,
// - the members of the dynamics ensemble disagree about most bridges,
// - the bound on arrival errors is lower than the errors of all attempts.
std::string why_no_bridge(Pipeline& pipeline, const Augmentation& made);

}  // namespace astro::method
