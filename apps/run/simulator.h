// The built-in environments as measurements and evaluation see them.
#pragma once

#include <string>

#include "astro/metrics.h"
#include "data/json.h"

namespace astro::app {

struct Simulator {
    std::string environment;
    ExactStep step;  // without teleports: one transition of the physics
    Geodesics geodesics;
};

// By an environment's or a data set's name ("pointmaze-medium-v0", "pointmaze-medium-stitch-v0"); null where no
// built-in environment has it. The same object for the same name; it lives as long as the program.
const Simulator* find_simulator(const std::string& name);

// DVR of a stored augmented file, replayed as `astro data verify` does: dvr_transition_K, dvr_bridge_K.
void put_stored_rates(data::Json& results, const data::Dataset& spliced, const std::vector<double>& tolerances,
                      const Simulator& simulator, ThreadPool& threads);

}  // namespace astro::app
