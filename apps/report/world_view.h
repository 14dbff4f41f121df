// The world of a run, in the coordinates of its pictures.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/report/run.h"
#include "apps/report/svg.h"

namespace astro::app::report {

struct WorldView {
    std::shared_ptr<data::WorldPicture> world;  // null: nothing can be drawn
    bool drawn = false;                         // it is that of an environment, not only the bounds of the data
    // From the coordinates of pictures.npz to those of the world.
    double x = 0, y = 0, scale_x = 1, scale_y = 1;

    XY operator()(double px, double py) const { return {(px - x) * scale_x, (py - y) * scale_y}; }
    // An array of x and y; empty if it is missing.
    std::vector<XY> points(const data::NpzReader& npz, const std::string& key) const;
};

// The world as stored in pictures.npz, else (older runs) that of the built-in environment in the results.
WorldView view_of(const Run& run);

}  // namespace astro::app::report
