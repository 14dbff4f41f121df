// Geodesic distances and the picture of a maze, shared by all environments in mazes of square cells.
#pragma once

#include <memory>
#include <mutex>

#include "data/environment.h"
#include "data/environments/maze_geodesic.h"

namespace astro::maze {

struct Survey {
    GeodesicMap map;
    data::WorldPicture picture;

    // radius: of the disc that moves in the maze. state_dim: of the states of the picture, whose columns after x and y
    // are 0.
    Survey(const Grid& grid, double radius, int64_t state_dim);

    // Implements Environment::geodesics for states whose first two columns are x and y.
    std::vector<double> geodesics(const float* from, const std::vector<const float*>& to) const;
};

// Base class of environments in mazes of square cells. It provides `geodesics` and `picture`.
class MazeEnvironment : public data::Environment {
  public:
    const data::WorldPicture* picture() const override { return &surveyed().picture; }

  protected:
    // grid must outlive the environment. radius, state_dim: as for Survey.
    MazeEnvironment(const Grid& grid, double radius, int64_t state_dim);

  private:
    // Computed at the first call, because most commands do not need it. Thread-safe.
    const Survey& surveyed() const;

    const Grid& grid_;
    double radius_;
    mutable std::once_flag once_;
    mutable std::unique_ptr<Survey> survey_;
};

}  // namespace astro::maze
