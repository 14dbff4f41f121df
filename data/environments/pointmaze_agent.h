// One agent in a point maze: physics, teleports and noise of resets (OGBench semantics, docs/method.md 12.3, 12.4).
#pragma once

#include <vector>

#include "data/environments/pointmaze_physics.h"
#include "tensor/rng.h"

namespace astro::maze {

constexpr double kGoalTolerance = 1.0;
constexpr int64_t kStepLimit = 1000;
constexpr double kPortalReach = 1.5;

// One simulated agent. A teleport happens at the end of a step, after the observation was taken: observation() is
// where the physics left the agent, position() where it is; they differ for one step after a portal.
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
    Rng rng_;  // picks the way out of a portal
};

// A cell's centre with U(-1, 1) noise on each axis.
Point noised(Cell c, Rng& rng);
double distance(Point a, Point b);

}  // namespace astro::maze
