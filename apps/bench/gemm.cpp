// Matrix products with all shapes that the networks of the method use, and squares: the kernel only, on all threads.
//
// A layer with `rows` rows, `in` inputs and `out` outputs has three products: its output (nn), the gradient of its
// input (nt) and the gradient of its weights (tn), each with 2 * rows * in * out operations. The rows of the result are
// divided into one piece per thread. (Training divides batches into chunks instead and sums their weight gradients; the
// items of group steps measure this.)
#include <algorithm>

#include "apps/bench/items.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct Layer {
    int64_t rows, in, out;
};

constexpr Layer kLayers[] = {
    // squares
    {256, 256, 256},
    {512, 512, 512},
    {1024, 1024, 1024},
    {2048, 2048, 2048},
    // MLPs: first, middle and last layers of learners and TDR; middle layers of preset base and of CQL's action samples
    {256, 4, 256},
    {256, 256, 1},
    {256, 256, 32},
    {256, 128, 128},
    {256, 512, 512},
    {1024, 512, 512},
    {7680, 256, 256},
    // adaLN modulation of 256 sequences
    {256, 128, 768},
    // transformers of preset cpu: dynamics 128 x 32 tokens, planner 64 x 48
    {4096, 64, 192},
    {4096, 64, 64},
    {4096, 64, 256},
    {4096, 256, 64},
    {3072, 64, 192},
    {3072, 64, 256},
    {3072, 256, 64},
    // transformers of preset small: dynamics 256 x 32 tokens, planner 256 x 48
    {8192, 6, 128},
    {8192, 128, 384},
    {8192, 128, 128},
    {8192, 128, 512},
    {8192, 512, 128},
    {8192, 128, 2},
    {12288, 128, 384},
    {12288, 128, 128},
    {12288, 128, 512},
    {12288, 512, 128},
    // transformers of preset base
    {8192, 256, 768},
    {8192, 256, 256},
    {8192, 256, 1024},
    {8192, 1024, 256},
    {12288, 256, 768},
    {12288, 256, 1024},
    {12288, 1024, 256},
};

struct Kind {
    const char* name;
    const char* description;
    bool transpose_a, transpose_b;
};

constexpr Kind kKinds[] = {{"nn", "output", false, false},
                           {"nt", "gradient of the input", false, true},
                           {"tn", "gradient of the weights", true, false}};

// c (m, n) = op(a) op(b), op(a) (m, k).
std::function<void()> make_product(const Context& context, const Kind& kind, const Layer& layer, int64_t times) {
    const bool input = kind.transpose_b, weights = kind.transpose_a;
    const int64_t m = weights ? layer.in : layer.rows, n = input ? layer.in : layer.out;
    const int64_t k = weights ? layer.rows : input ? layer.out : layer.in;
    auto random = [&](const char* what, int64_t rows, int64_t columns) {
        std::vector<float> values(to_size(rows * columns));
        Rng(0).stream(what).fill_normal(values.data(), rows * columns);
        return Tensor::from(context.backend, Shape{rows, columns}, values);
    };
    const Tensor a = weights ? random("a", k, m) : random("a", m, k), b = input ? random("b", n, k) : random("b", k, n);
    Tensor c = Tensor::zeros(context.backend, DType::f32, Shape{m, n});
    return [=]() mutable {
        // One piece on a GPU, where chunks is 1.
        const int64_t pieces = context.chunks > 1 ? context.threads.size() : 1, lda = a.dim(1), ldb = b.dim(1);
        for (int64_t t = 0; t < times; ++t)
            context.threads.run(pieces, [&](int64_t p) {
                const auto [first, count] = nn::chunk_rows(m, pieces, p);
                context.backend.gemm(DType::f32, kind.transpose_a, kind.transpose_b, count, n, k,
                                     a.data<float>() + first * (kind.transpose_a ? 1 : lda), lda, b.data<float>(), ldb,
                                     c.data<float>() + first * n, n, false);
            });
    };
}

}  // namespace

std::vector<BenchItem> gemm_items() {
    constexpr int64_t kMinFlop = 200000000;  // operations per call, so that reading the clock takes negligible time
    std::vector<BenchItem> items;
    for (const Layer& layer : kLayers)
        for (const Kind& kind : kKinds) {
            const int64_t times = std::max<int64_t>(1, kMinFlop / (2 * layer.rows * layer.in * layer.out));
            items.push_back({"gemm", text("gemm-", kind.name, "-", layer.rows, "x", layer.in, "x", layer.out),
                             kind.description, [=](const Context& c) { return make_product(c, kind, layer, times); },
                             times});
        }
    return items;
}

}  // namespace astro::app
