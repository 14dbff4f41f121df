// Backend::nearest_rows on the CPU. It skips distances that cannot change the result.
#pragma once

#include <cstdint>

namespace astro::cpu {

template <class T>
void nearest_rows(int64_t n, int64_t m, int64_t width, const T* x, const T* points, int64_t* nearest);

}  // namespace astro::cpu
