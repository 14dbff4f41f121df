// What a finished run shows: a table on stdout, and the arrays that the report draws (pictures.npz).
#pragma once

#include "apps/run/policy_runs.h"

namespace astro::app {

// Arms by learner, dynamics violations, yield; and where the files are.
void print_summary(StageRunner& runner);

// pictures.npz in the run folder: points of both data sets, some chains, distances from one state over the free
// cells, rollouts of the policies (docs/formats.md).
void write_pictures(StageRunner& runner, const data::RecordedData& augmented);

}  // namespace astro::app
