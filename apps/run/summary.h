// The results of a finished run: a table on stdout.
#pragma once

#include "apps/run/policies.h"

namespace astro::app {

// Prints success by arm and learner, dynamics violations, yield, and the paths of the files.
void print_summary(StageRunner& runner);
}  // namespace astro::app
