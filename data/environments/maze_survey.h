// What a maze's environment offers beside its physics: true distances in the plane, and the picture from above.
#pragma once

#include <memory>
#include <mutex>

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

// An environment in a maze of square cells, with the geodesics and the picture of its survey.
class MazeEnvironment : public data::Environment {
  public:
    const data::WorldPicture* picture() const override { return &surveyed().picture; }

  protected:
    // grid must outlive the environment. radius, state_dim: as for Survey.
    MazeEnvironment(const Grid& grid, double radius, int64_t state_dim);

  private:
    // Made when first asked for, by whatever thread: a name is looked up by commands that never need it.
    const Survey& surveyed() const;

    const Grid& grid_;
    double radius_;
    mutable std::once_flag once_;
    mutable std::unique_ptr<Survey> survey_;
};

}  // namespace astro::maze
