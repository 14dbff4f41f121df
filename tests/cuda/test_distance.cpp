// Backend::pairwise_distance where elements are not numbers: the same on both backends.
#include <limits>

#include "tensor/ops.h"
#include "tests/cuda/both.h"

using namespace astro;

TEST_CASE("cuda distance from what is not a number: none, and neither is its gradient, on both backends") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    constexpr int64_t kRows = 35, kPoints = 33, kWidth = 3;
    for (DType type : {DType::f32, DType::f64}) {
        std::vector<double> x, points;
        for (int64_t i = 0; i < kRows * kWidth; ++i) x.push_back(double(i * 7 % 13));
        for (int64_t i = 0; i < kPoints * kWidth; ++i) points.push_back(double(i * 5 % 11));
        for (int64_t bad : {2, 34}) x[size_t(bad * kWidth + 1)] = std::numeric_limits<double>::quiet_NaN();
        // Where the distances, and the gradients by rows and by points, are not numbers.
        auto places = [&](Backend& b) {
            const Tensor from = Tensor::from(b, Shape{kRows, kWidth}, x).cast(type);
            const Tensor to = Tensor::from(b, Shape{kPoints, kWidth}, points).cast(type);
            Tape tape;
            const Tensor rows = tape.watch(from), columns = tape.watch(to);
            const Tensor y = pairwise_distance(rows, columns, 1e-6);
            tape.backward(sum(y));
            std::vector<bool> none;
            for (const Tensor& t : {y, tape.gradient(rows), tape.gradient(columns)})
                for (double value : t.cast(DType::f64).to_vector<double>()) none.push_back(std::isnan(value));
            return none;
        };
        std::vector<bool> want;
        for (int64_t i = 0; i < kRows; ++i) want.insert(want.end(), size_t(kPoints), i == 2 || i == 34);
        for (int64_t i = 0; i < kRows; ++i) want.insert(want.end(), size_t(kWidth), i == 2 || i == 34);
        want.insert(want.end(), size_t(kPoints * kWidth), true);  // each point is at some distance from those rows
        CHECK(places(*gpu) == want);
        CHECK(places(*cpu) == want);
    }
}
