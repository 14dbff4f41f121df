// A self-contained HTML page about one or several run folders: settings, results, pictures, curves, figures.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace astro::app::report {

inline constexpr std::string_view kPageStart = "<!DOCTYPE html>";

// Reads results.json, metrics.csv, pictures.npz, config.ini and manifest.json of each folder and returns the page.
// Parts whose files are missing are left out. Error(io) if a folder contains none of these files, Error(data) for
// damaged files.
std::string render(const std::vector<std::string>& folders);

}  // namespace astro::app::report
