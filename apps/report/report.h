// One self-contained HTML page about one or several run folders: what was run, the result, pictures, curves, figures.
#pragma once

#include <string>
#include <vector>

namespace astro::app::report {

// Reads results.json, metrics.csv, pictures.npz, config.ini and manifest.json of each folder, what is missing being
// left out with a word, and returns the page. Error(io) where a folder holds none of them, Error(data) for damaged
// files.
std::string render(const std::vector<std::string>& folders);

}  // namespace astro::app::report
