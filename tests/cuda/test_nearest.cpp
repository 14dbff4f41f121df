// Backend::nearest_rows with NaN and infinite distances: both backends are compared with the definition.
#include <algorithm>
#include <limits>

#include "tests/cuda/both.h"

using namespace astro;

TEST_CASE("cuda nearest: NaN is never the nearest; the result is 0 if there is nothing else, on both backends") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
    constexpr int64_t kRows = 40, kWidth = 3;
    for (DType type : {DType::f32, DType::f64})
        for (int64_t m : {1, 2, 5, 31, 32, 33, 64, 65, 100})
            for (int64_t bad :
                 {int64_t{0}, int64_t{1}, int64_t{32}, m - 1, m})  // number of bad points, from the first one on
                for (double what : {nan, infinity}) {
                    std::vector<double> x, points;
                    for (int64_t i = 0; i < kRows * kWidth; ++i) x.push_back(double(i * 7 % 13));
                    x[4 * kWidth + 1] = what;
                    for (int64_t i = 0; i < m * kWidth; ++i) points.push_back(double(i * 5 % 11));
                    for (int64_t i = 0; i < std::min(bad, m); ++i) points[size_t(i * kWidth + i % kWidth)] = what;
                    std::vector<int64_t> want;
                    for (int64_t i = 0; i < kRows; ++i) {
                        double smallest = infinity;
                        want.push_back(0);
                        for (int64_t j = 0; j < m; ++j) {
                            double square = 0;
                            for (int64_t w = 0; w < kWidth; ++w)
                                square += std::pow(x[size_t(i * kWidth + w)] - points[size_t(j * kWidth + w)], 2);
                            if (square < smallest) smallest = square, want.back() = j;
                        }
                    }
                    auto nearest = [&](Backend& b) {
                        const Tensor from = Tensor::from(b, Shape{kRows, kWidth}, x).cast(type);
                        const Tensor to = Tensor::from(b, Shape{m, kWidth}, points).cast(type);
                        Tensor found(b, DType::i64, Shape{kRows});
                        b.nearest_rows(type, kRows, m, kWidth, from.raw(), to.raw(), found.data<int64_t>());
                        return found.to_vector<int64_t>();
                    };
                    CHECK(nearest(*gpu) == want);
                    CHECK(nearest(*cpu) == want);
                }
}
