// The index rules for percentiles and medians, so that figures from different stages compare.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace astro {

// Number `index`, from 0, of the values in order; 0 where there are none.
template <class T>
T order_statistic(std::vector<T> values, int64_t index) {
    if (values.empty()) return 0;
    const auto at = values.begin() + index;
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

// The value at index floor(percent / 100 (n - 1)) of the n values in order: no interpolation, always one of them.
// percent: from 0 to 100; at 50 and with an even number of values, the lower of the two in the middle.
template <class T>
T percentile(std::vector<T> values, double percent) {
    const auto last = static_cast<double>(values.size()) - 1;
    return order_statistic(std::move(values), static_cast<int64_t>(percent / 100 * last));
}

// The median; with an even number of values, the upper of the two in the middle.
template <class T>
T upper_median(std::vector<T> values) {
    const auto middle = static_cast<int64_t>(values.size() / 2);
    return order_statistic(std::move(values), middle);
}

// The median of sorted values, at least one; with an even number of them, the mean of the two in the middle.
inline double mid_median(const std::vector<double>& sorted) {
    const size_t n = sorted.size();
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

}  // namespace astro
