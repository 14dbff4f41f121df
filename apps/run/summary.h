// The results of a finished run: a table on stdout, and the arrays for the pictures of the report (pictures.npz).
#pragma once

#include "apps/run/policy_runs.h"

namespace astro::app {

// Prints success by arm and learner, dynamics violations, yield, and the paths of the files.
void print_summary(StageRunner& runner);

// Writes pictures.npz (docs/formats.md): positions of both data sets and some chains; with the picture of an
// environment also distances from one state, and rollouts of the policies. Without one, positions are metrics.position,
// or the principal directions of the latents.
void write_pictures(StageRunner& runner, const data::RecordedData& augmented);

}  // namespace astro::app
