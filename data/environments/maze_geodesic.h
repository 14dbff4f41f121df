// Geodesic distances in a maze: the ground truth that the TDR is compared with (docs/method.md 11.1, 12.2).
#pragma once

#include <cstdint>
#include <vector>

#include "data/environments/maze_grid.h"
#include "tensor/base/rows.h"

namespace astro::maze {

// Shortest ways for a disc over points a sixteenth of a cell apart (16 neighbours, so straight ways are at most 1.4 %
// too long in open space). Portals are ignored. Points in walls are moved to the nearest free grid point.
class GeodesicMap {
  public:
    GeodesicMap(const Grid& grid, double radius);

    // Distances from p to every grid point, in units; -1 where there is no way.
    std::vector<float> distances_from(Point p) const;
    double at(const std::vector<float>& distances, Point p) const;

    int64_t width() const { return width_; }
    int64_t height() const { return height_; }
    Point point(int64_t ix, int64_t iy) const {
        return {edge_ + spacing_ * static_cast<double>(ix), edge_ + spacing_ * static_cast<double>(iy)};
    }
    bool free(int64_t ix, int64_t iy) const { return nth(free_, iy * width_ + ix) != 0; }

    double spacing() const { return spacing_; }  // between neighbouring grid points

  private:
    int64_t nearest(Point p) const;

    int64_t width_, height_;
    double edge_, spacing_;
    std::vector<uint8_t> free_;
    std::vector<uint16_t> moves_;  // by grid point: a bit for each of the 16 moves that fits
};

}  // namespace astro::maze
