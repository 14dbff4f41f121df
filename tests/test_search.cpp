// Searches compared with brute force: the ball tree, farthest points, nearest rows, landmarks, shortest paths.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "astro/search/ball_tree.h"
#include "astro/search/landmarks.h"
#include "astro/temporal_map.h"
#include "tensor/rng.h"
#include "tensor/squared_distance.h"

using namespace astro;
using namespace astro::method;

namespace {

// Points near a curve, like latents of a maze. Every seventh is equal to the one before it.
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

TEST_CASE("ball tree: bands contain the same rows as by brute force, for all critical sizes") {
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
                    for (const BallTree::RowRange& range : tree.near_band(query, low, high))
                        for (int64_t i = range.begin; i < range.end; ++i) {
                            const int64_t row = tree.rows()[size_t(i)];
                            const double d = distance(points, width, query, row);
                            const bool within = d >= low && d <= high;
                            if (range.inside) CHECK(within);
                            if (within) found.push_back(row);
                            measured += !range.inside;
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
    CHECK(measured < total / 4);  // few distances are computed, even with small trees included
}

TEST_CASE("farthest points: the same rows as by definition, also with ties and duplicates") {
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

// Index of the first of the points (count, width) with the smallest finite squared distance to x; 0 if there is none.
template <class T>
int64_t nearest_by_hand(const T* x, const std::vector<T>& points, int64_t width) {
    double smallest = std::numeric_limits<double>::infinity();
    int64_t nearest = 0;
    for (int64_t i = 0; i < int64_t(points.size()) / width; ++i) {
        const double square = squared_distance(x, points.data() + i * width, width);
        if (square < smallest) smallest = square, nearest = i;
    }
    return nearest;
}

TEST_CASE_TEMPLATE("nearest rows: the same point as by brute force, the first if several are equal", T, float, double) {
    const auto backend = make_cpu_backend();
    const DType type = DTypeOf<T>::value;
    for (int64_t width : {1, 3, 32})
        for (int64_t rows : {0, 1, 2, 4097, 9000})
            for (int64_t count : {1, 2, 31, 32, 33, 63, 64, 65, 400})
                for (bool far : {false, true}) {  // points near the rows, or also far away
                    const std::vector<float> along = curve_points(rows + 401, width, 4);
                    std::vector<T> x(along.begin(), along.begin() + rows * width), points;
                    for (int64_t i = 0; i < count; ++i) {
                        const int64_t from = far || rows == 0 ? rows + i : i * rows / count;
                        for (int64_t w = 0; w < width; ++w)
                            points.push_back(T(along[size_t(from * width + w)]) + (far && i % 3 == 0 ? T(50) : T(0)));
                    }
                    if (rows > 9 && width > 1) x[size_t(5 * width + 1)] = std::numeric_limits<T>::quiet_NaN();
                    if (far && count != 31) points[0] = std::numeric_limits<T>::quiet_NaN();
                    std::vector<int64_t> found(size_t(rows), -1), again(size_t(rows), -1);
                    backend->nearest_rows(type, rows, count, width, x.data(), points.data(), found.data());
                    int64_t wrong = 0;
                    for (int64_t row = 0; row < rows; ++row)
                        wrong += found[size_t(row)] != nearest_by_hand(x.data() + row * width, points, width);
                    CHECK(wrong == 0);
                    const int64_t cut = rows / 3;  // as if rows were divided between threads
                    backend->nearest_rows(type, cut, count, width, x.data(), points.data(), again.data());
                    backend->nearest_rows(type, rows - cut, count, width, x.data() + cut * width, points.data(),
                                          again.data() + cut);
                    CHECK(again == found);
                }
}

TEST_CASE("nearest rows: identical points, points on a grid, and NaN") {
    const auto backend = make_cpu_backend();
    auto nearest = [&](const std::vector<float>& x, const std::vector<float>& points) {
        std::vector<int64_t> found(x.size());
        backend->nearest_rows(DType::f32, int64_t(x.size()), int64_t(points.size()), 1, x.data(), points.data(),
                              found.data());
        return found;
    };
    CHECK(nearest({3, 1, -7}, std::vector<float>(200, 1.0f)) == std::vector<int64_t>{0, 0, 0});
    std::vector<float> grid;  // 0, 1, ..., 99 twice: four points have the same distance from 0.5
    for (int i = 0; i < 200; ++i) grid.push_back(float(i % 100));
    CHECK(nearest({0.5f, 98.5f, 40, 150, -1}, grid) == std::vector<int64_t>{0, 98, 40, 99, 0});
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(nearest({2, nan, 2, 1e30f}, {0, nan, 3, 2}) == std::vector<int64_t>{3, 0, 3, 0});
    CHECK(nearest({2, nan, 2, 0}, {nan, nan, 3, 2}) == std::vector<int64_t>{3, 0, 3, 3});
    for (size_t count : {1, 31, 32, 33, 200}) {
        std::vector<float> points(count, nan);
        CHECK(nearest({2, nan, -7}, points) == std::vector<int64_t>{0, 0, 0});
        points.push_back(5);
        const auto last = int64_t(count);
        CHECK(nearest({2, nan, -7, 1e30f}, points) == std::vector<int64_t>{last, 0, last, 0});
    }
}

TEST_CASE("landmarks: the nearest one of every latent, with any number of threads") {
    const auto backend = make_cpu_backend();
    TemporalMap map;
    map.width = 8;
    for (int64_t rows : {1, 2, 5000}) {
        map.latent = curve_points(rows, map.width, 6);
        map.landmark.clear();
        for (int64_t i = 0; i < rows; i += 1 + rows / 100) map.landmark.push_back(i);
        std::vector<float> points;
        for (int64_t row : map.landmark) points.insert(points.end(), map.at(row), map.at(row) + map.width);
        std::vector<int32_t> plain;
        for (int64_t row = 0; row < rows; ++row)
            plain.push_back(int32_t(nearest_by_hand(map.at(row), points, map.width)));
        for (int count : {1, 3}) {
            ThreadPool threads(count);
            CHECK(nearest_landmarks({*backend, threads}, map, map.latent) == plain);
        }
    }
}

TEST_CASE("shortest paths: identical to repeated relaxation of all edges") {
    ThreadPool pool(2);
    constexpr float kNone = std::numeric_limits<float>::infinity();
    for (int64_t n : {1, 2, 5, 120}) {
        const std::vector<float> points = curve_points(n, 2, 9);
        // Convex in the distance, like n^, so that two short edges are shorter than one long edge.
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
