#include "data/environments/maze2d_physics.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kStep = .01;                                 // seconds
constexpr double kMass = 1000 * 4. / 3 * kPi * .1 * .1 * .1;  // density 1000
constexpr double kForce = 100;                                // of a unit action
constexpr double kJointDamping = 1;                           // force a unit of velocity
constexpr double kMargin = .002;                              // contacts act within this distance
constexpr double kStiffness = 1 / (.95 * .95 * .02 * .02);    // MuJoCo's default solref and solimp
constexpr double kDamping = 2 / (.95 * .02);

// One row of the contact constraints: cost 1/2 weight min(0, n.a - aref)^2.
struct Touch {
    double nx, ny, aref, weight;
};

// Contacts of the ball with the squares around it; returns their number (at most 9).
int find_touches(const Grid& grid, const BallState& s, Touch* touches) {
    const Cell at = grid.cell_of(s.position);
    const Point p = s.position, v = s.velocity;
    int n = 0;
    for (int i = at.i - 1; i <= at.i + 1; ++i)
        for (int j = at.j - 1; j <= at.j + 1; ++j) {
            if (i < 0 || j < 0 || i >= grid.rows() || j >= grid.columns() || !grid.wall(i, j)) continue;
            const Point c = grid.centre({i, j});
            const double dx = p.x - std::clamp(p.x, c.x - grid.unit / 2, c.x + grid.unit / 2);
            const double dy = p.y - std::clamp(p.y, c.y - grid.unit / 2, c.y + grid.unit / 2);
            const double d = std::sqrt(dx * dx + dy * dy), penetration = kMargin - (d - kBallRadius);
            if (penetration <= 0 || d <= 0) continue;
            const double nx = dx / d, ny = dy / d;
            const double x = penetration / .001;
            const double y = x <= .5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
            const double impedance = x >= 1 ? .95 : .9 + .05 * y;
            touches[n++] = {nx, ny, -kDamping * (nx * v.x + ny * v.y) + kStiffness * impedance * penetration,
                            impedance / (1 - impedance) * 1.5 * kMass};
        }
    return n;
}

// The cost 1/2 m |a - free|^2 + 1/2 sum weight min(0, n.a - aref)^2 at a, its gradient and its Hessian.
struct Cost {
    double value, gx, gy, hxx = kMass, hxy = 0, hyy = kMass;

    Cost(const Touch* touches, int n, Point free, Point a) {
        const double ex = a.x - free.x, ey = a.y - free.y;
        value = .5 * kMass * (ex * ex + ey * ey), gx = kMass * ex, gy = kMass * ey;
        for (int k = 0; k < n; ++k) {
            const Touch& t = touches[k];
            const double gap = t.nx * a.x + t.ny * a.y - t.aref;
            if (gap >= 0) continue;
            value += .5 * t.weight * gap * gap;
            gx += t.weight * gap * t.nx, gy += t.weight * gap * t.ny;
            hxx += t.weight * t.nx * t.nx, hxy += t.weight * t.nx * t.ny, hyy += t.weight * t.ny * t.ny;
        }
    }
};

// The acceleration that minimises the cost: Newton on the active set, with backtracking.
Point acceleration(const Touch* touches, int n, Point free) {
    Point a = free;
    Cost now(touches, n, free, a);
    for (int iteration = 0; iteration < 100 && std::hypot(now.gx, now.gy) > 1e-9; ++iteration) {
        const double det = now.hxx * now.hyy - now.hxy * now.hxy;
        const double sx = -(now.hyy * now.gx - now.hxy * now.gy) / det;
        const double sy = -(now.hxx * now.gy - now.hxy * now.gx) / det;
        double share = 1;
        for (; share > 1e-12; share /= 2) {
            const Point trial{a.x + share * sx, a.y + share * sy};
            const Cost next(touches, n, free, trial);
            if (next.value > now.value) continue;
            now = next, a = trial;
            break;
        }
        if (share <= 1e-12) break;  // rounding hides what is left of the gradient
    }
    return a;
}

}  // namespace

BallState step_ball(const Grid& grid, BallState s, double ax, double ay) {
    s.velocity.x = std::clamp(s.velocity.x, -kSpeedLimit, kSpeedLimit);
    s.velocity.y = std::clamp(s.velocity.y, -kSpeedLimit, kSpeedLimit);
    double fx = kForce * std::clamp(ax, -1., 1.) - kJointDamping * s.velocity.x;
    double fy = kForce * std::clamp(ay, -1., 1.) - kJointDamping * s.velocity.y;
    Touch touches[9];
    const int n = find_touches(grid, s, touches);
    if (n > 0) {
        const Point a = acceleration(touches, n, {fx / kMass, fy / kMass});
        for (int k = 0; k < n; ++k) {
            const Touch& t = touches[k];
            const double force = t.weight * std::max(0., t.aref - (t.nx * a.x + t.ny * a.y));
            fx += t.nx * force, fy += t.ny * force;
        }
    }
    s.velocity.x += kStep * fx / (kMass + kStep * kJointDamping);
    s.velocity.y += kStep * fy / (kMass + kStep * kJointDamping);
    s.position.x += kStep * s.velocity.x, s.position.y += kStep * s.velocity.y;
    return s;
}

BallState reset_ball(const Grid& grid, Rng& rng) {
    const std::vector<Cell> cells = grid.free_cells();
    BallState s{place(nth(cells, rng.below(ssize(cells)))), {}};
    s.position.x += rng.uniform(-.1, .1), s.position.y += rng.uniform(-.1, .1);
    s.velocity.x = .1 * rng.normal(), s.velocity.y = .1 * rng.normal();
    return s;
}

}  // namespace astro::maze
