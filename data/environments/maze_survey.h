// What a maze's environment offers beside its physics: true distances in the plane, and the picture from above.
#pragma once

#include "data/environment.h"
#include "data/environments/maze_geodesic.h"

namespace astro::maze {

struct Survey {
    GeodesicMap map;
    data::WorldPicture picture;

    // radius: of the disc that moves in the maze. state_dim: the columns of a state after x and y are 0.
    Survey(const Grid& grid, double radius, int64_t state_dim);

    // Environment::geodesics, of states whose first two columns are x and y.
    std::vector<double> geodesics(const float* from, const std::vector<const float*>& to) const;
};

}  // namespace astro::maze
