// The clock for all measurements of duration.
#pragma once

#include <chrono>

namespace astro {

// Seconds since an unspecified time, from a monotonic clock.
inline double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace astro
