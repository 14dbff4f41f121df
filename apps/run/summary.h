// The results of a finished run: a table on stdout.
#pragma once

#include "apps/run/policies.h"

namespace astro::app {

// What a run is going to do, in one line: stages with their updates, policies, episodes.
std::string describe_plan(StageRunner& runner, const std::vector<std::string>& stages);

// Prints success by arm and learner, dynamics violations, yield, and the paths of the files.
void print_summary(StageRunner& runner);
}  // namespace astro::app
