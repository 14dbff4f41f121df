// Physics of OGBench's point mazes without MuJoCo (docs/method.md 12.1). Tests compare it with trajectories of MuJoCo.
//
// Each environment step moves the point by 0.2 a and sets its velocity to zero. Then there are 5 substeps of 0.02 s
// (classical Runge-Kutta), which change the state only in contact with walls. Contacts between the disc of radius 0.7
// and the squares of walls are soft, with MuJoCo's pyramidal friction cones.
#pragma once

#include "data/environments/pointmaze_layout.h"

namespace astro::maze {

constexpr double kRadius = 0.7;
constexpr double kStep = 0.2;  // displacement of a unit action

struct State {
    Point position, velocity;
};

// One environment step without portals. Actions (ax, ay) are not clipped; the evaluation clips them.
State step_point(const Layout& layout, Point position, double ax, double ay);

// True if a disc at p touches a wall.
bool touches_wall(const Layout& layout, Point p, double radius = kRadius);

}  // namespace astro::maze
