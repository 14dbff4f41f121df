#include "data/environments/maze2d_physics.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kStep = .01;                                 // seconds
constexpr double kMass = 1000 * 4. / 3 * kPi * .1 * .1 * .1;  // density 1000
constexpr double kForce = 100;                                // force for an action of 1
constexpr double kJointDamping = 1;                           // force for a velocity of 1
constexpr double kMargin = .002;                              // contacts act below this distance
constexpr double kStiffness = 1 / (.95 * .95 * .02 * .02);    // MuJoCo's default solref and solimp
constexpr double kDamping = 2 / (.95 * .02);

// One contact, with normal n. Its cost is 1/2 weight min(0, n.a - aref)^2 for the acceleration a.
struct Contact {
    double nx, ny, aref, weight;
};

// Finds the contacts of the ball with the squares around it. Returns their number, at most 9.
int find_contacts(const Grid& grid, const BallState& s, Contact* contacts) {
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
            contacts[n++] = {nx, ny, -kDamping * (nx * v.x + ny * v.y) + kStiffness * impedance * penetration,
                             impedance / (1 - impedance) * 1.5 * kMass};
        }
    return n;
}

// The cost 1/2 m |a - free|^2 + 1/2 sum weight min(0, n.a - aref)^2 at a, with its gradient and Hessian. free: the
// acceleration without contacts.
struct Cost {
    double value, gx, gy, hxx = kMass, hxy = 0, hyy = kMass;

    Cost(const Contact* contacts, int n, Point free, Point a) {
        const double ex = a.x - free.x, ey = a.y - free.y;
        value = .5 * kMass * (ex * ex + ey * ey), gx = kMass * ex, gy = kMass * ey;
        for (int k = 0; k < n; ++k) {
            const Contact& c = contacts[k];
            const double residual = c.nx * a.x + c.ny * a.y - c.aref;
            if (residual >= 0) continue;
            value += .5 * c.weight * residual * residual;
            gx += c.weight * residual * c.nx, gy += c.weight * residual * c.ny;
            hxx += c.weight * c.nx * c.nx, hxy += c.weight * c.nx * c.ny, hyy += c.weight * c.ny * c.ny;
        }
    }
};

// The acceleration that minimises the cost, by Newton's method with backtracking. The Hessian is that of the active
// set.
Point acceleration(const Contact* contacts, int n, Point free) {
    Point a = free;
    Cost now(contacts, n, free, a);
    for (int iteration = 0; iteration < 100 && std::hypot(now.gx, now.gy) > 1e-9; ++iteration) {
        const double det = now.hxx * now.hyy - now.hxy * now.hxy;
        const double sx = -(now.hyy * now.gx - now.hxy * now.gy) / det;
        const double sy = -(now.hxx * now.gy - now.hxy * now.gx) / det;
        double step_size = 1;
        for (; step_size > 1e-12; step_size /= 2) {
            const Point trial{a.x + step_size * sx, a.y + step_size * sy};
            const Cost next(contacts, n, free, trial);
            if (next.value > now.value) continue;
            now = next, a = trial;
            break;
        }
        if (step_size <= 1e-12) break;  // the remaining gradient is below the rounding error
    }
    return a;
}

}  // namespace

BallState step_ball(const Grid& grid, BallState s, double ax, double ay) {
    s.velocity.x = std::clamp(s.velocity.x, -kSpeedLimit, kSpeedLimit);
    s.velocity.y = std::clamp(s.velocity.y, -kSpeedLimit, kSpeedLimit);
    double fx = kForce * std::clamp(ax, -1., 1.) - kJointDamping * s.velocity.x;
    double fy = kForce * std::clamp(ay, -1., 1.) - kJointDamping * s.velocity.y;
    Contact contacts[9];
    const int n = find_contacts(grid, s, contacts);
    if (n > 0) {
        const Point a = acceleration(contacts, n, {fx / kMass, fy / kMass});
        for (int k = 0; k < n; ++k) {
            const Contact& c = contacts[k];
            const double force = c.weight * std::max(0., c.aref - (c.nx * a.x + c.ny * a.y));
            fx += c.nx * force, fy += c.ny * force;
        }
    }
    s.velocity.x += kStep * fx / (kMass + kStep * kJointDamping);
    s.velocity.y += kStep * fy / (kMass + kStep * kJointDamping);
    s.position.x += kStep * s.velocity.x, s.position.y += kStep * s.velocity.y;
    return s;
}

BallState reset_ball(const Grid& grid, Rng& rng) {
    const std::vector<Cell> cells = grid.free_cells();
    return reset_ball(nth(cells, rng.below(ssize(cells))), rng);
}

BallState reset_ball(Cell cell, Rng& rng) {
    BallState s{place(cell), {}};
    s.position.x += rng.uniform(-.1, .1), s.position.y += rng.uniform(-.1, .1);
    s.velocity.x = .1 * rng.normal(), s.velocity.y = .1 * rng.normal();
    return s;
}

}  // namespace astro::maze
