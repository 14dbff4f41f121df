// The parts of the report that answer to mouse and keyboard: the numbers that they need, as JSON within the page, and
// the script that builds them.
#pragma once

#include <string>

#include "apps/report/world_view.h"

namespace astro::app::report {

// The numbers of a run as one line of JSON that can stand within a page; empty if the run has none.
std::string play_data(const Run& run, const WorldView& view);

// The script of the page.
std::string play_script();

// Numbers as {"low", "high", "bits", "data"}: base64 of little-endian integers of 8 or 16 bits. Integer i means
// low + (high - low) i / (2^bits - 2); 2^bits - 1 means that there is no number.
data::Json packed(const std::vector<double>& values, int bits);

}  // namespace astro::app::report
