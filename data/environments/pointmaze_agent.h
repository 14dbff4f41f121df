// One agent in a point maze: physics, portals, and noise of resets (as in OGBench, docs/method.md 12.3, 12.4).
#pragma once

#include <vector>

#include "data/environments/pointmaze_physics.h"
#include "tensor/rng.h"

namespace astro::maze {

constexpr double kGoalTolerance = 1.0;  // distance to the goal, in the maze's units
constexpr int64_t kStepLimit = 1000;
constexpr double kPortalReach = 1.5;  // distance to the centre of a portal, in the maze's units

// One simulated agent. Portals act at the end of a step, after the observation is taken. After a step into a portal,
// observation() is the position before the teleport, and position() the position after it.
class PointMaze {
  public:
    PointMaze(const Layout& layout, Point position, Point velocity, Rng rng)
        : layout_(&layout), state_{position, velocity}, observed_(position), rng_(rng) {}

    void step(double ax, double ay);
    Point observation() const { return observed_; }
    Point position() const { return state_.position; }
    Point velocity() const { return state_.velocity; }

  private:
    const Layout* layout_;
    State state_;
    Point observed_;
    Rng rng_;  // chooses the exits of portals
};

// The centre of a cell plus noise U(-1, 1) on each axis.
Point noised(Cell c, Rng& rng);
double distance(Point a, Point b);
// Of length 1, as the oracle of OGBench's generator moves; 0 between equal points.
Point direction(Point from, Point to);

}  // namespace astro::maze
