// The one rule for percentiles, so that figures of different stages are comparable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace astro::method {

// The element at index floor(percent / 100 (n - 1)) of the n sorted values, without interpolation; 0 if there are none.
// percent: from 0 to 100.
template <class T>
T percentile(std::vector<T> values, double percent) {
    if (values.empty()) return 0;
    const auto at = values.begin() + static_cast<int64_t>(percent / 100 * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace astro::method
