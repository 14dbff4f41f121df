// Sections of the report about the models and the stitched data of one run, from results.json. A section whose figures
// are missing is left out.
#pragma once

#include <string>

#include "data/json.h"

namespace astro::app::report {

double value_of(const data::Json& results, const std::string& key);  // not a number if it is missing

// Numbers of steps that the temporal distance predicts, compared with the true ones.
std::string distances_section(const data::Json& results);
// The open-loop error of the dynamics, compared with a one-step network and with standing still.
std::string dynamics_section(const data::Json& results);
// The stitched data: where bridges arrive, violations by simulator and by models, coverage, joined episodes.
std::string stitched_section(const data::Json& results);

}  // namespace astro::app::report
