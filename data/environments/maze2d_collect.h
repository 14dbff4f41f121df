// Generates maze2d data sets as D4RL does (scripts/generation/generate_maze2d_datasets.py, docs/method.md 12.8).
#pragma once

#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/environments/maze2d_physics.h"
#include "tensor/rng.h"

namespace astro::maze {

// The force of D4RL's controller (d4rl/pointmaze/waypoint_controller.py) towards a waypoint, with components in [-1,
// 1]: proportional-derivative control.
Point waypoint_force(const BallState& ball, Point waypoint);

// D4RL's controller along a shortest path of cells to the target. The waypoints are the cells' places with noise, the
// last is the target's place without noise.
class WaypointController {
  public:
    // rng: for the noise of the waypoints.
    WaypointController(const Maze2d& maze, Point from, Cell target, Rng& rng);

    // True if the target is reached.
    bool arrived(Point at) const;
    // Force, with components in [-1, 1]. Advances to the next waypoint when the current one is reached.
    Point action(const BallState& state);

  private:
    std::vector<Point> waypoints_;  // the last is the target
    size_t next_ = 0;
};

struct Maze2dCollectSpec {
    int64_t episodes = 0;
    int64_t episode_rows = 0;  // largest number of rows per episode, one more than transitions
    double noise = 0;          // standard deviation of the noise on actions
    uint64_t seed = 0;
};

// One ball moves from target to target without being reset. An episode is the path to one target. It ends with arrival,
// or after spec.episode_rows rows. As in D4RL, the observation lags behind by one step after each arrival: the first
// observation of an episode is that of the preceding row, while qpos and qvel are the state of the ball.
// There are two differences from D4RL. The state of the ball is rounded to float32 in each step, as in the file, so
// replays are exact. A target in the ball's own cell, which would give an episode of one row, is drawn again.
data::Dataset collect_maze2d(const Maze2d& maze, const Maze2dCollectSpec& spec, std::string_view part);

}  // namespace astro::maze
