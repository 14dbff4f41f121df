// Searches by the triangle inequality against their plain definitions: the ball tree, landmarks, shortest paths.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "astro/ball_tree.h"
#include "astro/landmarks.h"
#include "astro/squared_distance.h"
#include "tensor/rng.h"

using namespace astro;

namespace {

// Points near a curve, as latents of a maze are; every seventh doubles the one before it.
std::vector<float> curve_points(int64_t rows, int64_t width, uint64_t seed) {
    Rng rng(seed);
    std::vector<float> points(size_t(rows * width));
    for (int64_t t = 0; t < rows; ++t) {
        const double at = rng.uniform(0, 30);
        for (int64_t w = 0; w < width; ++w)
            points[size_t(t * width + w)] =
                t % 7 == 6 ? points[size_t((t - 1) * width + w)]
                           : float(10 * std::sin(at / double(w + 3) + double(w)) + .3 * rng.normal());
    }
    return points;
}

double distance(const std::vector<float>& points, int64_t width, const float* a, int64_t b) {
    return std::sqrt(std::max(1e-6, squared_distance(a, points.data() + b * width, width)));
}

}  // namespace

TEST_CASE("ball tree: bands hold exactly the rows that measuring all of them finds, at every edge size") {
    ThreadPool pool(2), one(1);
    int64_t in_bands = 0, measured = 0, total = 0;
    for (int64_t width : {1, 2, 7, 8, 9, 32})
        for (int64_t rows : {0, 1, 2, 63, 64, 65, 128, 129, 257, 5000}) {
            const std::vector<float> points = curve_points(2 * rows + 1, width, uint64_t(rows + width));
            std::vector<int64_t> held;
            for (int64_t t = 1; t < 2 * rows + 1; t += 2) held.push_back(t);
            const BallTree tree(pool, points.data(), width, held), again(one, points.data(), width, held);
            CHECK(tree.rows() == again.rows());
            for (int64_t source : {int64_t(0), rows, 2 * rows}) {
                const float* query = points.data() + source * width;
                const double exact = rows > 0 ? distance(points, width, query, held[size_t(rows / 2)]) : 1;
                for (const auto& [low, high] : {std::pair<double, double>{0, 1e9},
                                                {0, 0},
                                                {0, 1e-3},
                                                {2, 5},
                                                {5, 2},
                                                {exact, exact},
                                                {0, exact},
                                                {exact, 1e9}}) {
                    std::vector<int64_t> found, truth;
                    for (const BallTree::Run& run : tree.near_band(query, low, high))
                        for (int64_t i = run.begin; i < run.end; ++i) {
                            const int64_t row = tree.rows()[size_t(i)];
                            const double d = distance(points, width, query, row);
                            const bool within = d >= low && d <= high;
                            if (run.inside) CHECK(within);
                            if (within) found.push_back(row);
                            measured += !run.inside;
                        }
                    for (int64_t row : held) {
                        const double d = distance(points, width, query, row);
                        if (d >= low && d <= high) truth.push_back(row);
                    }
                    std::sort(found.begin(), found.end());
                    CHECK(found == truth);
                    in_bands += int64_t(truth.size()), total += rows;
                }
            }
        }
    CHECK(in_bands > 100000);
    CHECK(measured < total / 4);  // the tree is worth having, tiny ones and all
}

TEST_CASE("farthest points: the same rows as the plain definition, ties and doubles included") {
    for (int64_t width : {1, 3, 32})
        for (int64_t rows : {1, 2, 50, 700})
            for (int64_t wanted : {int64_t(1), int64_t(2), rows / 2 + 1, rows + 5}) {
                const std::vector<float> points = curve_points(rows, width, 3);
                std::vector<int64_t> pool;
                for (int64_t t = rows - 1; t >= 0; --t) pool.push_back(t);
                std::vector<int64_t> plain = {pool[0]};
                std::vector<double> nearest(size_t(rows), std::numeric_limits<double>::infinity());
                while (int64_t(plain.size()) < std::min(wanted, rows)) {
                    for (size_t i = 0; i < nearest.size(); ++i)
                        nearest[i] =
                            std::min(nearest[i], squared_distance(points.data() + pool[i] * width,
                                                                  points.data() + plain.back() * width, width));
                    const auto farthest = std::max_element(nearest.begin(), nearest.end());
                    if (*farthest <= 0) break;
                    plain.push_back(pool[size_t(farthest - nearest.begin())]);
                }
                CHECK(farthest_points(points.data(), width, pool, wanted) == plain);
            }
}

TEST_CASE("nearest points: the same landmark as measuring all of them, the first of equals") {
    ThreadPool pool(2);
    for (int64_t width : {1, 3, 32})
        for (int64_t rows : {1, 2, 4097, 9000})
            for (int64_t landmarks : {1, 2, 63, 64, 65, 400}) {
                if (landmarks > rows) continue;
                const std::vector<float> points = curve_points(rows, width, 4);
                std::vector<int64_t> chosen;
                for (int64_t i = 0; i < landmarks; ++i) chosen.push_back(i * rows / landmarks);
                const std::vector<int32_t> found = nearest_points(pool, points.data(), width, rows, chosen);
                int64_t wrong = 0;
                for (int64_t row = 0; row < rows; ++row) {
                    int32_t best = 0;
                    auto square = [&](int32_t i) {
                        return squared_distance(points.data() + row * width, points.data() + chosen[size_t(i)] * width,
                                                width);
                    };
                    for (int32_t i = 1; i < landmarks; ++i)
                        if (square(i) < square(best)) best = i;
                    wrong += found[size_t(row)] != best;
                }
                CHECK(wrong == 0);
            }
}

TEST_CASE("shortest paths: bit for bit what relaxing every edge again and again gives") {
    ThreadPool pool(2);
    constexpr float kNone = std::numeric_limits<float>::infinity();
    for (int64_t n : {1, 2, 5, 120}) {
        const std::vector<float> points = curve_points(n, 2, 9);
        // Convex in the distance, as n^ is: two short edges undercut a long one.
        auto length = [&](int64_t i, int64_t j) {
            return .3 * squared_distance(points.data() + 2 * i, points.data() + 2 * j, 2) + 1e-4;
        };
        for (double edge : {0.0, 1.0, 8.0, 1e6}) {
            std::vector<float> plain(size_t(n * n), kNone);
            for (int64_t s = 0; s < n; ++s) {
                float* d = plain.data() + s * n;
                d[s] = 0;
                for (bool changed = true; changed;) {
                    changed = false;
                    for (int64_t i = 0; i < n; ++i)
                        for (int64_t j = 0; j < n; ++j)
                            if (i != j && length(i, j) <= edge && d[i] + float(length(i, j)) < d[j])
                                d[j] = d[i] + float(length(i, j)), changed = true;
                }
            }
            CHECK(shortest_paths(pool, n, length, edge) == plain);
        }
    }
}
