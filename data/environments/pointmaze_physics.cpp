#include "data/environments/pointmaze_physics.h"

#include <algorithm>
#include <cmath>

namespace astro::maze {

namespace {

// The cell of p and those of its neighbours whose squares can be closer to p than `radius`.
struct NearCells {
    Cell first, last;

    NearCells(Point p, double radius) {
        constexpr double rounding = 1e-9;  // includes cells for which rounding decides
        const Cell at = cell_of(p);
        const Point c = centre(at);
        const double inner = kUnit / 2 - radius - rounding;
        first = {at.i - (p.y - c.y < -inner), at.j - (p.x - c.x < -inner)};
        last = {at.i + (p.y - c.y > inner), at.j + (p.x - c.x > inner)};
    }
};

// A row J of the contact constraints, with cost 1/2 weight min(0, J.a - aref)^2 for the acceleration a.
struct Row {
    double jx, jy, aref;
};

// The rows of one contact: a friction pyramid with the four edges n - t, n + t, n and n. The last two are equal,
// because the point cannot move along the second tangent.
struct Contact {
    Row row[3];  // n - t, n + t, n; the last is used twice
    double weight;
};

// Finds the contacts of a disc at p with velocity v. Returns their number, at most 4.
int find_contacts(const Layout& layout, Point p, Point v, Contact* contacts) {
    constexpr double kStiffness = 1 / (0.95 * 0.95 * 0.04 * 0.04), kDamping = 2 / (0.95 * 0.04);
    const NearCells near(p, kRadius);
    int n = 0;
    for (int i = near.first.i; i <= near.last.i; ++i)
        for (int j = near.first.j; j <= near.last.j; ++j) {
            if (i < 0 || j < 0 || i >= layout.rows() || j >= layout.columns() || !layout.wall(i, j)) continue;
            const Point c = centre({i, j});
            const double qx = std::clamp(p.x, c.x - kUnit / 2, c.x + kUnit / 2);
            const double qy = std::clamp(p.y, c.y - kUnit / 2, c.y + kUnit / 2);
            const double dx = p.x - qx, dy = p.y - qy, d = std::sqrt(dx * dx + dy * dy);
            const double penetration = kRadius - d;
            if (penetration <= 0 || d <= 0 || n == 4) continue;
            const double nx = dx / d, ny = dy / d;
            const double x = penetration / 0.001;
            const double y = x <= 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
            const double impedance = x >= 1 ? 0.95 : 0.9 + 0.05 * y;
            auto row = [&](double jx, double jy) {
                return Row{jx, jy, -kDamping * (jx * v.x + jy * v.y) + kStiffness * impedance * penetration};
            };
            contacts[n++] = {{row(nx - ny, ny + nx), row(nx + ny, ny - nx), row(nx, ny)},
                             impedance / (1 - impedance) * 3 / 8};
        }
    return n;
}

// The cost 1/2 |a|^2 + 1/2 sum weight min(0, J.a - aref)^2 at a = (ax, ay), with its gradient and Hessian. There are no
// branches, for speed.
struct Cost {
    double value, gx, gy, hxx = 1, hxy = 0, hyy = 1;

    Cost(const Contact* contacts, int n, double ax, double ay) : value(0.5 * (ax * ax + ay * ay)), gx(ax), gy(ay) {
        for (int c = 0; c < n; ++c)
            for (int k = 0; k < 4; ++k) {
                const Row& row = contacts[c].row[std::min(k, 2)];
                const double residual = row.jx * ax + row.jy * ay - row.aref;
                const double weight = residual < 0 ? contacts[c].weight : 0;
                value += 0.5 * weight * residual * residual;
                gx += weight * residual * row.jx, gy += weight * residual * row.jy;
                hxx += weight * row.jx * row.jx, hxy += weight * row.jx * row.jy, hyy += weight * row.jy * row.jy;
            }
    }
};

// The acceleration that minimises the cost, by Newton's method with backtracking. The Hessian is that of the active
// set.
Point acceleration(const Layout& layout, Point p, Point v) {
    Contact contacts[4];
    const int n = find_contacts(layout, p, v, contacts);
    double ax = 0, ay = 0;
    if (n == 0) return {0, 0};
    Cost now(contacts, n, ax, ay);
    for (int iteration = 0; iteration < 100; ++iteration) {
        if (std::sqrt(now.gx * now.gx + now.gy * now.gy) < 1e-9) break;
        const double det = now.hxx * now.hyy - now.hxy * now.hxy;
        const double sx = -(now.hyy * now.gx - now.hxy * now.gy) / det,
                     sy = -(now.hxx * now.gy - now.hxy * now.gx) / det;
        double step_size = 1;
        while (step_size > 1e-12) {
            const Cost next(contacts, n, ax + step_size * sx, ay + step_size * sy);
            if (next.value <= now.value) {
                now = next;
                break;
            }
            step_size /= 2;
        }
        if (step_size <= 1e-12) break;
        ax += step_size * sx, ay += step_size * sy;
    }
    return {ax, ay};
}

bool near_wall(const Layout& layout, Point p, double radius) {
    const NearCells near(p, radius);
    for (int i = near.first.i; i <= near.last.i; ++i)
        for (int j = near.first.j; j <= near.last.j; ++j) {
            if (i < 0 || j < 0 || i >= layout.rows() || j >= layout.columns() || !layout.wall(i, j)) continue;
            const Point c = centre({i, j});
            const double dx = p.x - std::clamp(p.x, c.x - kUnit / 2, c.x + kUnit / 2);
            const double dy = p.y - std::clamp(p.y, c.y - kUnit / 2, c.y + kUnit / 2);
            if (dx * dx + dy * dy < radius * radius) return true;
        }
    return false;
}

}  // namespace

State step_point(const Layout& layout, Point p, double ax, double ay) {
    p.x += kStep * ax, p.y += kStep * ay;
    Point v{0, 0};
    if (!near_wall(layout, p, kRadius)) return {p, v};  // without contacts the point stays at rest
    constexpr double h = 0.02;
    for (int substep = 0; substep < 5; ++substep) {
        const Point a1 = acceleration(layout, p, v);
        const Point v2{v.x + h / 2 * a1.x, v.y + h / 2 * a1.y};
        const Point a2 = acceleration(layout, {p.x + h / 2 * v.x, p.y + h / 2 * v.y}, v2);
        const Point v3{v.x + h / 2 * a2.x, v.y + h / 2 * a2.y};
        const Point a3 = acceleration(layout, {p.x + h / 2 * v2.x, p.y + h / 2 * v2.y}, v3);
        const Point v4{v.x + h * a3.x, v.y + h * a3.y};
        const Point a4 = acceleration(layout, {p.x + h * v3.x, p.y + h * v3.y}, v4);
        p.x += h / 6 * (v.x + 2 * v2.x + 2 * v3.x + v4.x);
        p.y += h / 6 * (v.y + 2 * v2.y + 2 * v3.y + v4.y);
        v.x += h / 6 * (a1.x + 2 * a2.x + 2 * a3.x + a4.x);
        v.y += h / 6 * (a1.y + 2 * a2.y + 2 * a3.y + a4.y);
    }
    return {p, v};
}

bool touches_wall(const Layout& layout, Point p, double radius) { return near_wall(layout, p, radius); }

}  // namespace astro::maze
