// The results of a finished run: a table on stdout, and the arrays for the pictures of the report (pictures.npz).
#pragma once

#include "apps/run/policy_runs.h"

namespace astro::app {

// Prints success by arm and learner, dynamics violations, yield, and the paths of the files.
void print_summary(StageRunner& runner);

// Writes pictures.npz: positions of both data sets, some chains, distances from one state, and rollouts of the policies
// (docs/formats.md).
void write_pictures(StageRunner& runner, const data::RecordedData& augmented);

}  // namespace astro::app
