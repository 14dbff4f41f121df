#include "data/maze/geodesic.h"

#include <cmath>
#include <queue>

namespace astro::maze {

GeodesicMap::GeodesicMap(const Layout& layout) : layout_(&layout) {
    x0_ = y0_ = -kUnit - kUnit / 2;
    width_ = static_cast<int64_t>(layout.columns() * kUnit / kSpacing) + 1;
    height_ = static_cast<int64_t>(layout.rows() * kUnit / kSpacing) + 1;
    free_.resize(static_cast<size_t>(width_ * height_));
    for (int64_t iy = 0; iy < height_; ++iy)
        for (int64_t ix = 0; ix < width_; ++ix) {
            const Point p = point(ix, iy);
            free_[static_cast<size_t>(iy * width_ + ix)] = !layout.wall(cell_of(p)) && !touches_wall(layout, p, kRadius);
        }
}

// The nearest free grid point, looked for in growing squares.
int64_t GeodesicMap::nearest(Point p) const {
    const int64_t cx = std::llround((p.x - x0_) / kSpacing), cy = std::llround((p.y - y0_) / kSpacing);
    int64_t best = -1;
    double least = 1e9;
    for (int64_t r = 0; r < 16 && best < 0; ++r)
        for (int64_t iy = cy - r; iy <= cy + r; ++iy)
            for (int64_t ix = cx - r; ix <= cx + r; ++ix) {
                if (ix < 0 || iy < 0 || ix >= width_ || iy >= height_ || !free(ix, iy)) continue;
                const Point q = point(ix, iy);
                const double d = std::hypot(q.x - p.x, q.y - p.y);
                if (d < least) least = d, best = iy * width_ + ix;
            }
    return best;
}

std::vector<float> GeodesicMap::distances_from(Point p) const {
    // Moves to the 16 grid points that no shorter move passes through.
    static constexpr int kMoves[16][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1},
                                          {2, 1}, {2, -1}, {-2, 1}, {-2, -1}, {1, 2}, {1, -2}, {-1, 2}, {-1, -2}};
    std::vector<float> distance(free_.size(), -1.0f);
    const int64_t start = nearest(p);
    if (start < 0) return distance;
    using Entry = std::pair<float, int64_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
    distance[static_cast<size_t>(start)] = 0;
    open.emplace(0.0f, start);
    while (!open.empty()) {
        const auto [d, at] = open.top();
        open.pop();
        if (d > distance[static_cast<size_t>(at)]) continue;
        const int64_t ix = at % width_, iy = at / width_;
        for (const auto& move : kMoves) {
            const int64_t nx = ix + move[0], ny = iy + move[1];
            if (nx < 0 || ny < 0 || nx >= width_ || ny >= height_ || !free(nx, ny)) continue;
            // A knight's move must not cut a corner: both points it passes between are free.
            if (std::abs(move[0]) == 2 && (!free(ix + move[0] / 2, iy) || !free(ix + move[0] / 2, ny))) continue;
            if (std::abs(move[1]) == 2 && (!free(ix, iy + move[1] / 2) || !free(nx, iy + move[1] / 2))) continue;
            if (std::abs(move[0]) == 1 && std::abs(move[1]) == 1 && (!free(nx, iy) || !free(ix, ny))) continue;
            const float next = d + static_cast<float>(kSpacing * std::hypot(move[0], move[1]));
            float& known = distance[static_cast<size_t>(ny * width_ + nx)];
            if (known < 0 || next < known) {
                known = next;
                open.emplace(next, ny * width_ + nx);
            }
        }
    }
    return distance;
}

double GeodesicMap::at(const std::vector<float>& distances, Point p) const {
    const int64_t i = nearest(p);
    return i < 0 ? -1 : double(distances[static_cast<size_t>(i)]);
}

}  // namespace astro::maze
