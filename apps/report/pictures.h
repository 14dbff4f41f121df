// Pictures of the data and of evaluations of one run.
#pragma once

#include <string>

#include "apps/report/world_view.h"

namespace astro::app::report {

// id: of the run within the page. The pictures for which the script has a part are in an element "static-ID".
std::string pictures_section(const Run& run, const WorldView& view, const std::string& id);

}  // namespace astro::app::report
