// Curves of training and evaluation, from metrics.csv.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/run/metrics_log.h"

namespace astro::app::report {

// One chart per key; for policies one chart per learner, with a line for each arm. The runs of an environment, each a
// list of rows, are combined: the median at each step, with a band from minimum to maximum. Curves of fewer than three
// steps are listed in a table.
std::string curves(const std::map<std::string, std::vector<const std::vector<MetricRow>*>>& environments);

}  // namespace astro::app::report
