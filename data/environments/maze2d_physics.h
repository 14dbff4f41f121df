// The exact ball of D4RL's maze2d in closed form (docs/method.md 12.6; golden trajectories of MuJoCo).
//
// A ball of radius .1 is pushed by a force. One step of .01 s (Euler, damping implicit): soft contacts without friction
// between the ball and the squares of walls.
#pragma once

#include "data/environments/maze2d_layout.h"
#include "tensor/rng.h"

namespace astro::maze {

constexpr double kBallRadius = .1;
constexpr double kSpeedLimit = 5;  // of each component, before a step

struct BallState {
    Point position, velocity;
};

// One environment step. The components of the action are clipped to [-1, 1], those of the velocity to the speed limit.
BallState step_ball(const Grid& grid, BallState state, double ax, double ay);

// At the place of any free cell, with noise U(-.1, .1) on each axis, and velocities .1 N(0, 1).
BallState reset_ball(const Grid& grid, Rng& rng);

}  // namespace astro::maze
