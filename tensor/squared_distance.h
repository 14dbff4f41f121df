// |a - b|^2 for a and b (width), accumulated in the element type in eight partial sums. The result is exactly symmetric
// in a and b. In f32 the relative error is below 1e-6 for all widths in use. Searches that prune by the triangle
// inequality have margins that allow for this error.
#pragma once

#include <cstdint>

namespace astro {

template <class T>
double squared_distance(const T* a, const T* b, int64_t width) {
    T lane[8] = {};
    int64_t i = 0;
    for (; i + 8 <= width; i += 8)
        for (int j = 0; j < 8; ++j) lane[j] += (a[i + j] - b[i + j]) * (a[i + j] - b[i + j]);
    for (; i < width; ++i) lane[0] += (a[i] - b[i]) * (a[i] - b[i]);
    return double((lane[0] + lane[4]) + (lane[1] + lane[5])) + double((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

}  // namespace astro
