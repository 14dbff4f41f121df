// The exact point: OGBench's pointmaze in closed form (docs/method.md 12.1; golden trajectories of MuJoCo).
//
// Each environment step moves the point by 0.2 a, sets its velocity to zero and lets MuJoCo run 5 substeps of 0.02 s
// (classical Runge-Kutta), which matter only in contact with walls: soft contacts between a disc of radius 0.7 and
// squares, resolved as MuJoCo's pyramidal friction cones are.
#pragma once

#include "data/environments/pointmaze_layout.h"

namespace astro::maze {

constexpr double kRadius = 0.7;
constexpr double kStep = 0.2;  // displacement of a unit action

struct State {
    Point position, velocity;
};

// One environment step without teleports. Actions are not clipped (the evaluator clips).
State step_point(const Layout& layout, Point position, double ax, double ay);

// Does the disc touch a wall at p?
bool touches_wall(const Layout& layout, Point p, double radius = kRadius);

}  // namespace astro::maze
