// Landmarks among points: chosen, and joined by shortest paths. Each function gives what its plain definition gives
// (the tests hold both against each other) and skips, by the triangle inequality, work that cannot change it. points:
// (anything, width); distances are Euclidean. Backend::nearest_rows finds the nearest one of any point.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tensor/base/threads.h"

namespace astro::method {

// Farthest-point sampling: starts with the pool's first row, then always takes the row farthest from those taken (the
// first in the pool of equals). Ends at `wanted`, or when the pool holds no further distinct point.
std::vector<int64_t> farthest_points(const float* points, int64_t width, const std::vector<int64_t>& pool,
                                     int64_t wanted);

// Shortest paths between all pairs of n nodes (n, n) over edges of length(i, j) <= edge; infinity where there is no
// way. length must be symmetric and not negative.
std::vector<float> shortest_paths(ThreadPool& threads, int64_t n, const std::function<double(int64_t, int64_t)>& length,
                                  double edge);

}  // namespace astro::method
