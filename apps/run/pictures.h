// The arrays for the pictures of the report.
#pragma once

#include "apps/run/stage_runner.h"

namespace astro::app {

// Writes pictures.npz (docs/formats.md): positions of both data sets and some chains; with the picture of an
// environment also distances from one state, and rollouts of the policies. Without one, positions are metrics.position,
// or the principal directions of the latents. augmented: null if the experiment has no such arm. What needs a TDR is
// left out if the experiment trains none.
void write_pictures(StageRunner& runner, const data::RecordedData* augmented);

}  // namespace astro::app
