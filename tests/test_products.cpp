// Matrix products and linear layers compared with simple references, for sizes around the limits of tiles and blocks.
#include <doctest/doctest.h>

#include <cmath>

#include "tensor/ops.h"
#include "tensor/rng.h"

using namespace astro;

namespace {

std::vector<float> random_values(int64_t n, Rng& rng) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& v : values) v = static_cast<float>(rng.uniform(-1, 1));
    return values;
}

}  // namespace

TEST_CASE("gemm: equals a naive product for all critical sizes and both types") {
    auto backend = make_cpu_backend();
    Rng rng(5);
    auto check = [&](auto zero, int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool accumulate) {
        using T = decltype(zero);
        const int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1,
                      ldc = n + 2;  // larger than the rows of the matrices
        std::vector<T> a(size_t((ta ? k : m) * lda)), b(size_t((tb ? n : k) * ldb)), c(size_t(m * ldc), T(0.5));
        for (T& v : a) v = T(rng.uniform(-1, 1));
        for (T& v : b) v = T(rng.uniform(-1, 1));
        std::vector<double> want(size_t(m * n), accumulate ? 0.5 : 0.0);
        for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j)
                for (int64_t p = 0; p < k; ++p)
                    want[size_t(i * n + j)] += double(a[size_t(ta ? p * lda + i : i * lda + p)]) *
                                               double(b[size_t(tb ? j * ldb + p : p * ldb + j)]);
        backend->gemm(DTypeOf<T>::value, ta, tb, m, n, k, a.data(), lda, b.data(), ldb, c.data(), ldc, accumulate);
        double worst = 0;
        for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < ldc; ++j) {
                const double got = double(c[size_t(i * ldc + j)]);
                worst = std::max(worst, j < n ? std::fabs(want[size_t(i * n + j)] - got)
                                              : std::fabs(got - 0.5) * 1e9);  // the padding must not change
            }
        INFO("m ", m, " n ", n, " k ", k, " ta ", ta, " tb ", tb);
        CHECK(worst <= (sizeof(T) == 4 ? 3e-6 : 1e-14) * double(k + 1));
    };
    const std::vector<int64_t> sizes = {0, 1, 2, 5, 6, 7, 12, 13, 15, 16, 17, 31, 32, 33, 65};
    for (int64_t m : sizes)
        for (int64_t n : sizes)
            for (int64_t k : {int64_t{0}, int64_t{1}, int64_t{3}, int64_t{33}}) {
                check(float{}, m, n, k, false, false, false);
                check(float{}, m, n, k, true, true, true);
                check(double{}, m, n, k, n % 2 == 0, m % 2 == 0, true);
            }
    check(float{}, 14, 600, 530, false, true, false);  // several blocks
    check(float{}, 14, 600, 530, true, false, true);
    for (int64_t m : {191, 192, 193, 385})  // blocks of rows
        for (int64_t n : {3, 64, 70})
            for (int64_t k : {40, 260}) check(float{}, m, n, k, m % 2 == 0, n % 2 == 0, k % 3 == 0);
    for (int64_t n : {1, 2, 4, 5})  // narrow results
        for (int64_t m : {1, 3, 4, 63, 64, 65, 129})
            for (int64_t k : {64, 300}) {
                check(float{}, m, n, k, m % 2 == 0, n % 2 == 0, m % 3 == 0);
                check(float{}, m, n, k, m % 2 == 1, n % 2 == 1, m % 3 == 1);
                check(double{}, m, n, k, n % 2 == 0, m % 2 == 0, true);
            }
    for (int64_t k : {255, 256, 257, 513})
        for (int64_t n : {63, 64, 131, 511, 513}) check(float{}, 5, n, k, k % 2 == 0, n % 3 == 0, n % 2 == 0);
}

TEST_CASE("a linear layer with an activation equals product, bias and activation in sequence") {
    auto backend = make_cpu_backend();
    Rng rng(2);
    for (int64_t m : {0, 1, 7, 33})
        for (int64_t n : {1, 3, 16, 35, 64, 70})
            for (int64_t k : {0, 1, 19, 256, 300}) {
                const Tensor x = Tensor::from(*backend, Shape{m, k}, random_values(m * k, rng));
                const Tensor w = Tensor::from(*backend, Shape{k, n}, random_values(k * n, rng));
                const Tensor b = Tensor::from(*backend, Shape{n}, random_values(n, rng));
                const Tensor gy = Tensor::from(*backend, Shape{m, n}, random_values(m * n, rng));
                // The result without a tape, with one, and the gradients of all three.
                auto results = [&](bool fused) {
                    auto f = [&](const Tensor& u, const Tensor& v, const Tensor& c) {
                        return fused ? linear(u, v, c, UnaryOp::gelu) : gelu(matmul(u, v) + c);
                    };
                    std::vector<std::vector<float>> all = {f(x, w, b).to_vector<float>()};
                    Tape tape;
                    const Tensor u = tape.watch(x), v = tape.watch(w), c = tape.watch(b), y = f(u, v, c);
                    tape.backward({y}, {gy});
                    for (const Tensor& t : {y, tape.gradient(u), tape.gradient(v), tape.gradient(c)})
                        all.push_back(t.to_vector<float>());
                    return all;
                };
                const auto got = results(true), want = results(false);
                for (size_t i = 0; i < got.size(); ++i) {
                    double worst = 0;
                    for (size_t j = 0; j < got[i].size(); ++j)
                        worst = std::max(worst, std::fabs(double(got[i][j]) - double(want[i][j])));
                    INFO("m ", m, " n ", n, " k ", k, " result ", i);
                    CHECK(worst < 3e-5);
                }
            }
}

TEST_CASE("a gated linear layer equals linear layer, product with the gate and sum, for any differentiated inputs") {
    auto backend = make_cpu_backend();
    Rng rng(3);
    struct Case {
        int64_t groups, rows, n, k;  // rows of each group
    };
    // Includes several blocks of rows that are not aligned with the groups, and several blocks of k.
    for (const Case& c : {Case{1, 1, 1, 1}, {3, 0, 5, 4}, {5, 3, 17, 0}, {3, 7, 35, 19}, {7, 83, 64, 300}}) {
        const int64_t m = c.groups * c.rows;
        auto random = [&](const Shape& shape) {
            return Tensor::from(*backend, shape, random_values(shape.numel(), rng));
        };
        const Tensor x = random({m, c.n}), gate = random({c.groups, c.n}), h = random({m, c.k}), w = random({c.k, c.n}),
                     b = random({c.n}), gy = random({m, c.n});
        const Shape apart = {c.groups, c.rows, c.n};
        auto f = [&](bool fused, const std::vector<Tensor>& v) {
            if (fused) return gated_linear(v[0], v[1], v[2], v[3], v[4]);
            const Tensor branch = linear(v[2], v[3], v[4]).reshape(apart);
            return (v[0].reshape(apart) + v[1].reshape({c.groups, 1, c.n}) * branch).reshape({m, c.n});
        };
        // The result without a tape; then results and gradients for all inputs, all but the gate, the gate, x.
        auto results = [&](bool fused) {
            std::vector<std::vector<float>> all = {f(fused, {x, gate, h, w, b}).to_vector<float>()};
            for (const int watched : {31, 29, 2, 1}) {
                Tape tape;
                std::vector<Tensor> v = {x, gate, h, w, b};
                for (size_t i = 0; i < v.size(); ++i)
                    if (watched >> i & 1) v[i] = tape.watch(v[i]);
                const Tensor y = f(fused, v);
                all.push_back(y.to_vector<float>());
                tape.backward({y}, {gy});
                for (size_t i = 0; i < v.size(); ++i)
                    if (watched >> i & 1) all.push_back(tape.gradient(v[i]).to_vector<float>());
            }
            return all;
        };
        const auto got = results(true), want = results(false);
        for (size_t i = 0; i < got.size(); ++i) {
            double worst = 0;
            for (size_t j = 0; j < got[i].size(); ++j)
                worst = std::max(worst, std::fabs(double(got[i][j]) - double(want[i][j])));
            INFO("m ", m, " n ", c.n, " k ", c.k, " result ", i);
            CHECK(got[i].size() == want[i].size());
            CHECK(worst < 3e-5);
        }
    }
}

TEST_CASE("a gated linear layer stores the result of the layer only if the gate is differentiated") {
    auto backend = make_cpu_backend();
    auto zeros = [&](const Shape& shape) { return Tensor::zeros(*backend, DType::f32, shape); };
    const Tensor x = zeros({6, 5}), gate = zeros({2, 5}), h = zeros({6, 4}), w = zeros({4, 5}), b = zeros({5});
    gated_linear(x, gate, h, w, b);  // packs the weights
    auto kept = [&](bool gate_too) {
        Tape tape;
        const Tensor watched = tape.watch(h), of_gate = gate_too ? tape.watch(gate) : gate;
        const int64_t before = backend->allocator().stats().in_use;
        const Tensor y = gated_linear(x, of_gate, watched, w, b);
        return backend->allocator().stats().in_use - before;
    };
    CHECK(kept(false) > 0);  // y
    CHECK(kept(true) == 2 * kept(false));
}

TEST_CASE("packed weights are packed again after an in-place change") {
    auto backend = make_cpu_backend();
    const Tensor x = Tensor::full(*backend, DType::f32, Shape{2, 3}, 1),
                 b = Tensor::zeros(*backend, DType::f32, Shape{4});
    Tensor w = Tensor::full(*backend, DType::f32, Shape{3, 4}, 1);
    CHECK(linear(x, w, b).to_vector<float>()[0] == 3);
    w.fill(2);
    CHECK(linear(x, w, b).to_vector<float>()[0] == 6);
    // Two matrices in one storage, like the parameters of a network.
    Tensor flat = Tensor::from(*backend, Shape{4}, std::vector<float>{1, 2, 3, 4});
    const Tensor one = Tensor::full(*backend, DType::f32, Shape{1, 2}, 1),
                 none = Tensor::zeros(*backend, DType::f32, Shape{1});
    CHECK(linear(one, flat.view(0, Shape{2, 1}), none).item() == 3);
    CHECK(linear(one, flat.view(2, Shape{2, 1}), none).item() == 7);
}
