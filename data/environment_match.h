// Checks that a data set comes from an environment before time is spent on it. The error names the likely cause.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/environment.h"

namespace astro::data {

// The end of messages about data that are not those of an environment.
constexpr const char* kOtherEnvironment =
    "; hint: --env names the right environment; for a system that is not built in, omit --env, and rename the file if "
    "it is named after this environment";

// Executes up to 4000 real transitions (1000 by stored steps) from all over the file. Error(data) if more than 1 % of
// them (5 % if the environment has qpos and the file does not, or if it replays from qpos only) end more than half a
// standard deviation of the one-step differences away, or in a wall. The message names the likely cause: the data of
// another environment, actions that are stored one row early or late, or actions in another unit. Does nothing if the
// environment cannot replay the file. source names the file in the message.
void check_environment_match(const Environment& environment, const Dataset& dataset, const std::string& source);

// Empty, or a warning about the first start or goal of a task that is far from all states of the data, or about starts
// and goals that are all close together compared with the data. For environments that cannot replay the file.
std::string describe_far_tasks(const Environment& environment, const Dataset& dataset);

// Resets the environment to these episodes and executes one step with recorded actions, so that a simulator that fails
// fails before time is spent. Empty, or a warning if the step is far shorter or longer than those of the data.
std::string try_step(const Environment& environment, const Dataset& dataset, const std::vector<Episode>& episodes,
                     uint64_t seed);

}  // namespace astro::data
