// The point maze as an environment: teleports, resets, tasks, and evaluation of a policy on many episodes at once
// (OGBench semantics, environments notes A5, A6).
#pragma once

#include <functional>
#include <vector>

#include "data/maze/physics.h"
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

enum class Protocol { goal_conditioned, single_task };

struct Episode {
    int task = 0;  // 0..4
    Point start, goal;
};

// Starts and goals of `each` episodes for each task: one draw a seed, the same whoever is evaluated. Starts are
// noised; goals too, unless single_task. tasks: 1..5.
std::vector<Episode> draw_episodes(const Layout& layout, const std::vector<int64_t>& tasks, int64_t each,
                                   Protocol protocol, uint64_t seed);

struct Outcome {
    bool success = false;
    int64_t steps = 0;
    std::vector<Point> path;  // observations, where recorded
};

// Actions for a batch: observations and goals (n, 2) in, actions (n, 2) out. Must treat each row by itself.
using BatchPolicy =
    std::function<std::vector<float>(const std::vector<float>& observations, const std::vector<float>& goals)>;

// Runs all episodes in step; those still running go through the policy as one batch. Actions are clipped to [-1, 1].
// Success: distance to the goal at most 1, judged on s' (goal-conditioned) or on s (single-task).
std::vector<Outcome> evaluate(const Layout& layout, const std::vector<Episode>& episodes, Protocol protocol,
                              const BatchPolicy& policy, uint64_t seed, bool record_paths);

}  // namespace astro::maze
