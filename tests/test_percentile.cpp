// Percentiles and medians: which of the values each rule takes.
#include <doctest/doctest.h>

#include "tensor/base/percentile.h"

using namespace astro;

TEST_CASE("percentile: the value at the rounded-down index, of unordered values, none of none") {
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 50) == 2);
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 100) == 4);
    CHECK(percentile(std::vector<double>{4, 1, 3, 2}, 0) == 1);
    CHECK(percentile(std::vector<float>{5, 4, 3, 2, 1}, 90) == 4);
    CHECK(percentile(std::vector<double>{}, 50) == 0);
}

TEST_CASE("median: of an even number of values the lower, the upper, or the mean of the two in the middle") {
    const std::vector<double> even = {4, 1, 3, 2}, odd = {5, 1, 3};
    CHECK(percentile(even, 50) == 2);
    CHECK(upper_median(even) == 3);
    CHECK(mid_median({1, 2, 3, 4}) == 2.5);
    CHECK(upper_median(odd) == 3);
    CHECK(mid_median({1, 3, 5}) == 3);
    CHECK(upper_median(std::vector<float>{}) == 0);
    CHECK(order_statistic(even, 3) == 4);
}
