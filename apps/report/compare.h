// Tables that compare arms, learners and runs.
#pragma once

#include <string>
#include <vector>

#include "apps/report/run.h"

namespace astro::app::report {

// Success of all policies of a run, with steps to the goal.
std::string success_table(const Run& run);

// Several runs of one environment: success and main figures as median and range, and paired differences.
std::string joint_tables(const std::string& environment, const std::vector<const Run*>& runs);

// The settings that are not the same in all runs, one column per run; empty if there are none.
std::string settings_that_differ(const std::vector<const Run*>& runs);

// Mean of differences with the half width of its 95 % interval by Student's t; infinite for fewer than two.
struct Difference {
    double mean = 0, half = 0;
    int64_t pairs = 0;
};
Difference mean_difference(const std::vector<double>& differences);

}  // namespace astro::app::report
