// Percentiles and medians: the value that each definition selects.
#include <doctest/doctest.h>

#include "tensor/base/percentile.h"

using namespace astro;

TEST_CASE("percentile: the value at the rounded-down index of unsorted values; 0 without values") {
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 50) == 2);
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 100) == 4);
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 0) == 1);
    CHECK(percentile(std::vector<float>{5, 4, 3, 2, 1}, 90) == 4);
    CHECK(percentile(std::vector<double>{}, 50) == 0);
}

TEST_CASE("median: the lower, the upper or the mean of the two middle values") {
    const std::vector<double> even = {4, 1, 3, 2}, odd = {5, 1, 3};
    CHECK(percentile(even, 50) == 2);
    CHECK(upper_median(even) == 3);
    CHECK(mid_median({1, 2, 3, 4}) == 2.5);
    CHECK(upper_median(odd) == 3);
    CHECK(mid_median({1, 3, 5}) == 3);
    CHECK(upper_median(std::vector<float>{}) == 0);
    CHECK(order_statistic(even, 3) == 4);
}
