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
    double rms() const { return count > 0 ? std::sqrt(square / count) : 0; }
};

// The scale of errors in a column: the standard deviation of its changes from row to row. It is near 0 where changes
// are nearly equal, as in a column of time stamps; then the scale is a share of the standard deviation of the values,
// but not more than the changes themselves (rms), so that slow columns are judged by their own changes. If a
// column changes by no more than rounding errors, the scale is that share.
inline double change_scale(const Moments& change, double value_std, double share) {
    constexpr double kRounding = 1e-6;
    const double floor = share * value_std, rms = change.rms();
    return std::max(change.std(), rms > kRounding * value_std ? std::min(floor, rms) : floor);
}

}  // namespace astro
