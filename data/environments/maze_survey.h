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
    const ShortestPaths& paths() const;

  private:
    const Survey& surveyed() const;

    const Grid& grid_;
    double radius_;
    // Computed at their first use, because most commands do not need them. Thread-safe.
    mutable std::once_flag survey_once_, paths_once_;
    mutable std::unique_ptr<Survey> survey_;
    mutable std::unique_ptr<ShortestPaths> paths_;
};

}  // namespace astro::maze
