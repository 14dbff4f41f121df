// Physics of D4RL's maze2d without MuJoCo (docs/method.md 12.6). Tests compare it with trajectories of MuJoCo.
//
// A force acts on a ball of radius .1. A step takes .01 s (Euler with implicit damping). Contacts between the ball and
// the squares of walls are soft and without friction.
#pragma once

#include "data/environments/maze2d_layout.h"
#include "tensor/rng.h"

namespace astro::maze {

constexpr double kBallRadius = .1;
constexpr double kSpeedLimit = 5;  // of each component of the velocity, applied before a step

struct BallState {
    Point position, velocity;
};

// One environment step. Actions (ax, ay) are clipped to [-1, 1], components of the velocity to the speed limit.
BallState step_ball(const Grid& grid, BallState state, double ax, double ay);

// A random start: the place of a free cell plus noise U(-.1, .1) on each axis, and velocities .1 N(0, 1).
BallState reset_ball(const Grid& grid, Rng& rng);
BallState reset_ball(Cell cell, Rng& rng);  // the same in a given cell

}  // namespace astro::maze
