#include "data/environments/maze_geodesic.h"

#include <array>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

// The moves to the 16 neighbours: all offsets of at most 2 whose components have no common divisor.
constexpr int kMoves[16][2] = {{1, 0}, {-1, 0}, {0, 1},  {0, -1},  {1, 1}, {1, -1}, {-1, 1}, {-1, -1},
                               {2, 1}, {2, -1}, {-2, 1}, {-2, -1}, {1, 2}, {1, -2}, {-1, 2}, {-1, -2}};

}  // namespace

GeodesicMap::GeodesicMap(const Grid& grid, double radius) : edge_(grid.edge()), spacing_(grid.unit / 16) {
    width_ = 16 * grid.columns() + 1;
    height_ = 16 * grid.rows() + 1;
    free_.resize(to_size(width_ * height_));
    for (int64_t iy = 0; iy < height_; ++iy)
        for (int64_t ix = 0; ix < width_; ++ix) {
            const Point p = point(ix, iy);
            nth(free_, iy * width_ + ix) = !grid.wall(grid.cell_of(p)) && !grid.touches_wall(p, radius);
        }
    moves_.resize(free_.size());
    for (int64_t iy = 0; iy < height_; ++iy)
        for (int64_t ix = 0; ix < width_; ++ix) {
            auto open = [&](int64_t x, int64_t y) {
                return x >= 0 && y >= 0 && x < width_ && y < height_ && free(x, y);
            };
            for (int m = 0; m < 16; ++m) {
                const int dx = kMoves[m][0], dy = kMoves[m][1];
                bool fits = free(ix, iy) && open(ix + dx, iy + dy);
                // A move must not cut a corner: the two grid points between which it passes must be free.
                if (std::abs(dx) == 2)
                    fits = fits && open(ix + dx / 2, iy) && open(ix + dx / 2, iy + dy);
                else if (std::abs(dy) == 2)
                    fits = fits && open(ix, iy + dy / 2) && open(ix + dx, iy + dy / 2);
                else if (dx != 0 && dy != 0)
                    fits = fits && open(ix + dx, iy) && open(ix, iy + dy);
                if (fits) nth(moves_, iy * width_ + ix) |= static_cast<uint16_t>(1u << m);
            }
        }
}

// The index of the nearest free grid point, searched in squares of increasing size; -1 if there is none.
int64_t GeodesicMap::nearest(Point p) const {
    const int64_t cx = std::llround((p.x - edge_) / spacing_), cy = std::llround((p.y - edge_) / spacing_);
    if (cx >= 0 && cy >= 0 && cx < width_ && cy < height_ && free(cx, cy)) return cy * width_ + cx;
    int64_t best = -1;
    double smallest = 1e9;
    for (int64_t r = 1; r < 16 && best < 0; ++r)
        for (int64_t iy = cy - r; iy <= cy + r; ++iy)
            for (int64_t ix = cx - r; ix <= cx + r; ++ix) {
                if (ix < 0 || iy < 0 || ix >= width_ || iy >= height_ || !free(ix, iy)) continue;
                const Point q = point(ix, iy);
                const double d = std::hypot(q.x - p.x, q.y - p.y);
                if (d < smallest) smallest = d, best = iy * width_ + ix;
            }
    return best;
}

// Dijkstra's algorithm with buckets whose width is the length of the shortest move. A move never ends in the bucket in
// which it starts, so the order within a bucket does not matter. The longest move is 2.24 widths and ends at most three
// buckets later, so four buckets are sufficient.
std::vector<float> GeodesicMap::distances_from(Point p) const {
    std::vector<float> distance(free_.size(), -1.0f);
    const int64_t start = nearest(p);
    if (start < 0) return distance;
    float length[16];
    for (int m = 0; m < 16; ++m) length[m] = static_cast<float>(spacing_ * std::hypot(kMoves[m][0], kMoves[m][1]));
    struct Entry {
        float distance;
        int32_t at;
    };
    std::array<std::vector<Entry>, 4> bucket;
    nth(distance, start) = 0;
    bucket[0].push_back({0, static_cast<int32_t>(start)});
    int empty = 0;
    for (size_t b = 0; empty < 4; b = (b + 1) % 4) {
        empty = bucket[b].empty() ? empty + 1 : 0;
        for (const Entry& e : bucket[b]) {
            if (e.distance > nth(distance, e.at)) continue;
            for (int m = 0; m < 16; ++m) {
                if (!(nth(moves_, e.at) >> m & 1)) continue;
                const int64_t to = e.at + kMoves[m][1] * width_ + kMoves[m][0];
                const float next = e.distance + length[m];
                float& known = nth(distance, to);
                if (known >= 0 && next >= known) continue;
                known = next;
                bucket[static_cast<size_t>(next / static_cast<float>(spacing_)) % 4].push_back(
                    {next, static_cast<int32_t>(to)});
            }
        }
        bucket[b].clear();
    }
    return distance;
}

double GeodesicMap::at(const std::vector<float>& distances, Point p) const {
    const int64_t i = nearest(p);
    return i < 0 ? -1 : double(nth(distances, i));
}

}  // namespace astro::maze
