#include "data/environments/pointmaze_agent.h"

#include <cmath>

#include "tensor/base/rows.h"

namespace astro::maze {

void PointMaze::step(double ax, double ay) {
    state_ = step_point(*layout_, state_.position, ax, ay);
    observed_ = state_.position;
    for (const Cell& in : layout_->portals_in) {
        if (distance(state_.position, centre(in)) > kPortalReach) continue;
        const auto out = to_size(rng_.below(ssize(layout_->portals_out)));
        state_.position = centre(layout_->portals_out[out]);
        break;
    }
}

Point noised(Cell c, Rng& rng) {
    const Point p = centre(c);
    const double dx = rng.uniform(-1, 1), dy = rng.uniform(-1, 1);
    return {p.x + dx, p.y + dy};
}

Point direction(Point from, Point to) {
    const double dx = to.x - from.x, dy = to.y - from.y, length = std::hypot(dx, dy) + 1e-6;
    return {dx / length, dy / length};
}

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace astro::maze
