// Indexing with int64_t: containers, and flat arrays viewed as rows.
#include <doctest/doctest.h>

#include <array>

#include "tensor/base/rows.h"

using namespace astro;

TEST_CASE("rows: elements and size of a container by int64_t") {
    std::vector<double> values = {1, 2, 3};
    nth(values, int64_t{1}) = 5;
    CHECK(values == std::vector<double>{1, 5, 3});
    const std::array<int, 2> pair = {7, 8};
    CHECK(nth(pair, 1) == 8);
    CHECK(ssize(values) == 3);
    CHECK(std::vector<int>(to_size(4)).size() == 4);
}

TEST_CASE("rows: a view of a flat array as rows of equal width, read and written") {
    std::vector<float> values = {0, 1, 2, 3, 4, 5};
    Rows rows(values, 2);
    CHECK(rows.count() == 3);
    CHECK(rows.width() == 2);
    CHECK(rows(2, 1) == 5);
    CHECK(rows.row(1)[0] == 2);
    rows(1, 1) = 9;
    CHECK(values[3] == 9);
    const std::vector<float>& fixed = values;
    const Rows seen(fixed, 3);
    static_assert(std::is_same_v<decltype(seen(0, 0)), const float&>);
    CHECK(seen.count() == 2);
    CHECK(seen(1, 0) == 9);
    const Rows<const float> part(values.data() + 2, 1, 4);
    CHECK(part.row(part.count()) == values.data() + values.size());
}
