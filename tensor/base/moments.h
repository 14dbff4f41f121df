// Mean and standard deviation from running sums. If the values are far from 0, the caller adds their differences from
// one of them, because large squares lose precision.
#pragma once

#include <algorithm>
#include <cmath>

namespace astro {

struct Moments {
    double count = 0, sum = 0, square = 0;

    void add(double x) { ++count, sum += x, square += x * x; }
    double mean() const { return count > 0 ? sum / count : 0; }
    double variance() const { return count > 0 ? std::max(0.0, square / count - mean() * mean()) : 0; }
    double std() const { return std::sqrt(variance()); }
};

}  // namespace astro
