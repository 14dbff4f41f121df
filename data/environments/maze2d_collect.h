// The generator of D4RL's maze2d data sets (scripts/generation/generate_maze2d_datasets.py, docs/method.md 12.8).
#pragma once

#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/environments/maze2d_physics.h"
#include "tensor/rng.h"

namespace astro::maze {

// D4RL's controller (d4rl/pointmaze/waypoint_controller.py): a proportional-derivative law that leads through the cells
// of a shortest way, each moved by noise, to the target's place.
class WaypointController {
  public:
    // From the cell of `from` to the cell `target`.
    WaypointController(const Maze2d& maze, Point from, Cell target, Rng& rng);

    // Is the target reached?
    bool arrived(Point at) const;
    // Force within [-1, 1]; goes on to the next waypoint where one is reached.
    Point action(const BallState& state);

  private:
    std::vector<Point> waypoints_;  // the last is the target
    size_t next_ = 0;
};

struct Maze2dCollectSpec {
    int64_t episodes = 0;
    int64_t episode_rows = 0;  // most rows an episode, one more than transitions
    double noise = 0;          // standard deviation of the noise on actions
    uint64_t seed = 0;
};

// One ball that goes from target to target without a stop. A file's episode is the way to one target; it ends with
// arrival, or after spec.episode_rows rows. As in D4RL, the controller sees one state late after each arrival: an
// episode's first observation is that of the last row before it, while qpos and qvel tell where the ball is. Unlike
// there, the ball goes on from numbers rounded as the file has them, so that replays are exact, and a target in the
// ball's own cell, which would be an episode of one row, is drawn again.
data::Dataset collect_maze2d(const Maze2d& maze, const Maze2dCollectSpec& spec, std::string_view part);

}  // namespace astro::maze
