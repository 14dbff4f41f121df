// Geodesic distances in a maze. They are the ground truth for the TDR (docs/method.md 11.1, 12.2).
#pragma once

#include <cstdint>
#include <vector>

#include "data/environments/maze_grid.h"
#include "tensor/base/rows.h"

namespace astro::maze {

// Shortest paths of a disc on a grid with a spacing of 1/16 cell. Each point has 16 neighbours, so distances in open
// space are at most 1.4 % too large. Portals are ignored. A point in a wall is replaced by the nearest free grid point.
class GeodesicMap {
  public:
    GeodesicMap(const Grid& grid, double radius);

    // Distances from p to all grid points, (height * width), in the maze's units; -1 if there is no path.
    std::vector<float> distances_from(Point p) const;
    // The element of distances_from() at the grid point nearest to p; -1 if there is no free grid point near p.
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
    std::vector<uint16_t> moves_;  // for each grid point, a bit mask of the possible moves to the 16 neighbours
};

}  // namespace astro::maze
