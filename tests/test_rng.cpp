#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tensor/rng.h"

using astro::Rng;

TEST_CASE("philox: known answers of the Random123 distribution") {
    // kat_vectors of Random123: philox 4x32, 10 rounds
    CHECK(astro::philox4x32({0, 0, 0, 0}, {0, 0}) ==
          std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(astro::philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(astro::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("rng: a saved state continues exactly, streams are independent of consumption") {
    Rng a = Rng(7).stream("planner/noise");
    for (int i = 0; i < 5; ++i) a.next();
    Rng b(a.state());
    for (int i = 0; i < 20; ++i) CHECK(a.next() == b.next());
    Rng root(7);
    uint32_t before = root.stream("x").next();
    root.next();
    CHECK(root.stream("x").next() == before);
    CHECK(root.stream("y").next() != before);
    CHECK(Rng(8).stream("x").next() != before);
}

TEST_CASE("rng: moments and ranges") {
    Rng rng = Rng(1).stream("moments");
    const int n = 200000;
    double mean = 0, square = 0, uniform = 0;
    std::vector<float> z(n);
    rng.fill_normal(z.data(), n);
    for (float x : z) mean += x / n, square += double(x) * x / n;
    CHECK(std::fabs(mean) < 0.01);
    CHECK(std::fabs(square - 1) < 0.02);
    for (int i = 0; i < n; ++i) {
        double u = rng.uniform();
        CHECK_FALSE((u < 0 || u >= 1));
        uniform += u / n;
    }
    CHECK(std::fabs(uniform - 0.5) < 0.005);
    int counts[7] = {};
    for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
    for (int count : counts) CHECK(std::abs(count - 10000) < 500);
    double trials = 0;
    for (int i = 0; i < n; ++i) trials += double(rng.geometric(0.01)) / n;
    CHECK(std::fabs(trials - 100) < 1.5);
}
