#include "data/maze/physics.h"

#include <algorithm>
#include <cmath>

namespace astro::maze {

namespace {

// Rows J of the contact constraints: cost 1/2 |a|^2 + 1/2 sum D min(0, J.a - aref)^2.
struct Row {
    double jx, jy, aref, weight;
};

// Contact rows of a disc at p with velocity v; returns their number (at most 16).
int contact_rows(const Layout& layout, Point p, Point v, Row* rows) {
    constexpr double kStiffness = 1 / (0.95 * 0.95 * 0.04 * 0.04), kDamping = 2 / (0.95 * 0.04);
    const Cell at = cell_of(p);
    int n = 0;
    for (int i = at.i - 1; i <= at.i + 1; ++i)
        for (int j = at.j - 1; j <= at.j + 1; ++j) {
            if (i < 0 || j < 0 || i >= layout.rows() || j >= layout.columns() || !layout.wall(i, j)) continue;
            const Point c = centre({i, j});
            const double qx = std::clamp(p.x, c.x - kUnit / 2, c.x + kUnit / 2);
            const double qy = std::clamp(p.y, c.y - kUnit / 2, c.y + kUnit / 2);
            const double dx = p.x - qx, dy = p.y - qy, d = std::sqrt(dx * dx + dy * dy);
            const double penetration = kRadius - d;
            if (penetration <= 0 || d <= 0 || n + 4 > 16) continue;
            const double nx = dx / d, ny = dy / d;
            const double x = penetration / 0.001;
            const double y = x <= 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
            const double impedance = x >= 1 ? 0.95 : 0.9 + 0.05 * y;
            const double weight = impedance / (1 - impedance) * 3 / 8;
            // A pyramid of four edges: n +- t, and n twice (its other tangent has no degree of freedom).
            for (const auto& [jx, jy] : {Point{nx - ny, ny + nx}, Point{nx + ny, ny - nx}, Point{nx, ny}, Point{nx, ny}})
                rows[n++] = {jx, jy, -kDamping * (jx * v.x + jy * v.y) + kStiffness * impedance * penetration, weight};
        }
    return n;
}

double cost(const Row* rows, int n, double ax, double ay) {
    double c = 0.5 * (ax * ax + ay * ay);
    for (int r = 0; r < n; ++r) {
        const double gap = rows[r].jx * ax + rows[r].jy * ay - rows[r].aref;
        if (gap < 0) c += 0.5 * rows[r].weight * gap * gap;
    }
    return c;
}

// The acceleration that minimises the cost: Newton on the active set, with backtracking.
Point acceleration(const Layout& layout, Point p, Point v) {
    Row rows[16];
    const int n = contact_rows(layout, p, v, rows);
    double ax = 0, ay = 0;
    if (n == 0) return {0, 0};
    double now = cost(rows, n, ax, ay);
    for (int iteration = 0; iteration < 100; ++iteration) {
        double gx = ax, gy = ay, hxx = 1, hxy = 0, hyy = 1;
        for (int r = 0; r < n; ++r) {
            const double gap = rows[r].jx * ax + rows[r].jy * ay - rows[r].aref;
            if (gap >= 0) continue;
            gx += rows[r].weight * gap * rows[r].jx, gy += rows[r].weight * gap * rows[r].jy;
            hxx += rows[r].weight * rows[r].jx * rows[r].jx;
            hxy += rows[r].weight * rows[r].jx * rows[r].jy;
            hyy += rows[r].weight * rows[r].jy * rows[r].jy;
        }
        if (std::sqrt(gx * gx + gy * gy) < 1e-9) break;
        const double det = hxx * hyy - hxy * hxy;
        const double sx = -(hyy * gx - hxy * gy) / det, sy = -(hxx * gy - hxy * gx) / det;
        double share = 1;
        while (share > 1e-12) {
            const double next = cost(rows, n, ax + share * sx, ay + share * sy);
            if (next <= now) {
                now = next;
                break;
            }
            share /= 2;
        }
        if (share <= 1e-12) break;
        ax += share * sx, ay += share * sy;
    }
    return {ax, ay};
}

bool near_wall(const Layout& layout, Point p, double radius) {
    const Cell at = cell_of(p);
    for (int i = at.i - 1; i <= at.i + 1; ++i)
        for (int j = at.j - 1; j <= at.j + 1; ++j) {
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
    if (!near_wall(layout, p, kRadius)) return {p, v};  // nothing moves a resting point without contact
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

bool segment_free(const Layout& layout, Point p, Point q, double radius) {
    const double length = std::hypot(q.x - p.x, q.y - p.y);
    const int pieces = std::max(1, static_cast<int>(std::ceil(length / 0.05)));
    for (int k = 0; k <= pieces; ++k) {
        const double t = static_cast<double>(k) / pieces;
        if (near_wall(layout, {p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)}, radius)) return false;
    }
    return true;
}

}  // namespace astro::maze
