#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tensor/rng.h"

using astro::Rng;

TEST_CASE("philox: known answers of the Random123 distribution") {
    // kat_vectors of Random123: philox 4x32, 10 rounds
    const auto answer = [](const astro::PhiloxBlock& counter, uint32_t key0, uint32_t key1) {
        const astro::PhiloxBlock block = astro::philox4x32(counter, key0, key1);
        return std::vector<uint32_t>(block.word, block.word + 4);
    };
    CHECK(answer({}, 0, 0) == std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(answer({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, 0xffffffff, 0xffffffff) ==
          std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(answer({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0) ==
          std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("rng: a saved state continues exactly; streams do not depend on numbers already drawn") {
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

TEST_CASE("rng: words by position in the stream; uniform numbers use one word, pairs of normal numbers two") {
    const uint64_t seed = 0x123456789ABCDEF0u, stream = 0x0FEDCBA987654321u, first = (uint64_t{5} << 34) + 2;
    const int n = 101;
    std::vector<uint32_t> words;
    for (uint64_t at = first; at < first + n + 1; ++at)
        words.push_back(astro::philox4x32({{uint32_t(at >> 2), uint32_t(at >> 34), 0x87654321u, 0x0FEDCBA9u}},
                                          0x9ABCDEF0u, 0x12345678u)
                            .word[at & 3]);
    Rng one({seed, stream, first}), uniforms(one.state()), normals(one.state());
    std::vector<float> u(n), z(n);
    uniforms.fill_uniform(u.data(), n, 0, 1 << 24);
    normals.fill_normal(z.data(), n);
    const double turn = 2 * std::acos(-1.0);
    for (int i = 0; i < n; ++i) {
        CHECK(one.next() == words[size_t(i)]);
        CHECK(u[size_t(i)] == float(words[size_t(i)] >> 8));
        const uint32_t a = words[size_t(i / 2 * 2)], b = words[size_t(i / 2 * 2 + 1)];
        const double radius = std::sqrt(-2 * std::log(((a >> 8) + 1) * 0x1p-24)), angle = turn * (b >> 8) * 0x1p-24;
        CHECK(std::fabs(double(z[size_t(i)]) - radius * (i % 2 ? std::sin(angle) : std::cos(angle))) < 2e-6);
    }
    // Finite if the words are 0, because u is 2^-24 then.
    CHECK(astro::normals_of_words(0, 0).first == doctest::Approx(std::sqrt(48 * std::log(2.0))));
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
