// Percentiles and medians. They differ in the index for an even number of values, so a figure keeps to one of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace astro {

// The value at position `index` (from 0) of the sorted values; 0 if there are no values.
template <class T>
T order_statistic(std::vector<T> values, int64_t index) {
    if (values.empty()) return 0;
    const auto at = values.begin() + index;
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

// The value at index floor(percent / 100 (n - 1)) of the n sorted values, without interpolation. percent is from 0 to
// 100. For 50 and an even number of values, this is the lower of the two middle values.
template <class T>
T percentile(std::vector<T> values, double percent) {
    const auto last = static_cast<double>(values.size()) - 1;
    return order_statistic(std::move(values), static_cast<int64_t>(percent / 100 * last));
}

// The median. For an even number of values, this is the upper of the two middle values.
template <class T>
T upper_median(std::vector<T> values) {
    const auto middle = static_cast<int64_t>(values.size() / 2);
    return order_statistic(std::move(values), middle);
}

// The median of sorted values; there must be at least one. For an even number, the mean of the two middle values.
inline double mid_median(const std::vector<double>& sorted) {
    const size_t n = sorted.size();
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

}  // namespace astro
