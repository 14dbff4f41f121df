// Landmarks: selection from points, and shortest paths between them. Each function returns exactly the result of its
// plain definition, which the tests check, and uses the triangle inequality to skip work. points: (any number, width);
// distances are Euclidean. Backend::nearest_rows finds the nearest landmark of any point.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tensor/base/threads.h"

namespace astro::method {

// Farthest-point sampling. Starts with the pool's first row and repeatedly takes the row farthest from those taken (the
// first in the pool if several are equally far). Ends at `wanted` rows, or when the pool has no further distinct point.
std::vector<int64_t> farthest_points(const float* points, int64_t width, const std::vector<int64_t>& pool,
                                     int64_t wanted);

// Shortest paths between all pairs of n nodes (n, n) over edges with length(i, j) <= edge; infinity if there is no
// path. length must be symmetric and non-negative.
std::vector<float> shortest_paths(ThreadPool& threads, int64_t n, const std::function<double(int64_t, int64_t)>& length,
                                  double edge);

}  // namespace astro::method
