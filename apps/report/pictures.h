// Pictures of the data and of evaluations of one run.
#pragma once

#include <string>

#include "data/json.h"
#include "data/npz.h"

namespace astro::app::report {

// An arm in words. Results of other programs may contain arms that are not in this program's table.
std::string arm_words(const std::string& arm);

// pictures: pictures.npz of the run, or null. results: contain the name of the environment for older runs, whose
// pictures.npz does not contain the world.
std::string pictures_section(const data::NpzReader* pictures, const data::Json& results);

}  // namespace astro::app::report
