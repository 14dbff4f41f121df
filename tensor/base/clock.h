// The clock that all durations are measured by.
#pragma once

#include <chrono>

namespace astro {

// Seconds since some moment, by a clock that never goes back.
inline double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace astro
