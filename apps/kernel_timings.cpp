#include "apps/kernel_timings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

#include "tensor/ops.h"
#include "tensor/rng.h"

namespace astro::app {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Tensor random_tensor(Backend& backend, const Shape& shape, uint64_t seed) {
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    Rng(seed).fill_normal(values.data(), shape.numel());
    return Tensor::from(backend, shape, values);
}

// Milliseconds of a call, many of them queued before one wait: the least of five rounds.
double time_of(const std::function<Tensor()>& call) {
    constexpr int kRounds = 5, kCalls = 20;
    double least = 1e30;
    for (int round = 0; round <= kRounds; ++round) {  // the first warms up
        const double start = now();
        Tensor last;
        for (int i = 0; i < kCalls; ++i) last = call();
        slice(last.reshape(Shape{last.numel()}), 0, 0, 1).item();  // waits
        if (round > 0) least = std::min(least, 1e3 * (now() - start) / kCalls);
    }
    return least;
}

constexpr int64_t kBatch = 256, kTokens = 48, kWidth = 128, kHeads = 4, kRows = kBatch * kTokens;
constexpr double kElements = static_cast<double>(kRows * kWidth), kWide = static_cast<double>(kWidth);

// Inputs at the sizes of preset small, and what was timed.
struct Timings {
    Backend& b;
    const DevicePeaks& peaks;
    std::vector<KernelTiming> all = {};
    Tensor x = random_tensor(b, {kRows, kWidth}, 1), y = random_tensor(b, {kRows, kWidth}, 2),
           row = random_tensor(b, {1, kWidth}, 3), group = random_tensor(b, {kBatch, kWidth}, 4);

    // floats: f32 numbers read and written, each array once a kernel.
    void add(const std::string& name, double floats, double flop, const std::function<Tensor()>& call) {
        KernelTiming t;
        t.name = name;
        t.milliseconds = time_of(call);
        t.gigabytes = 4e-9 * floats, t.gigaflop = 1e-9 * flop;
        t.roofline_milliseconds =
            1e3 * std::max(1e9 * t.gigabytes / peaks.bytes_per_second, 1e9 * t.gigaflop / peaks.flop_per_second);
        all.push_back(t);
    }
    // The gradient of in, too, for the cotangent gy.
    static Tensor with_gradient(const Tensor& in, const Tensor& gy, const std::function<Tensor(const Tensor&)>& f) {
        Tape tape;
        const Tensor watched = tape.watch(in), out = f(watched);
        tape.backward({out}, {gy.reshape(out.shape())});
        return tape.gradient(watched);
    }
};

void time_arrays(Timings& t) {
    const Tensor &x = t.x, &y = t.y;
    t.add("gelu", 2 * kElements, 0, [&] { return gelu(x); });
    t.add("add", 3 * kElements, 0, [&] { return x + y; });
    t.add("add, broadcast", 2 * kElements, 0, [&] { return x + t.row; });
    t.add("sum over rows", kElements, 0, [&] { return sum(x, 0); });
    t.add("sum over columns", kElements, 0, [&] { return sum(x, 1); });
    t.add("sum of all", kElements, 0, [&] { return sum(x); });
    t.add("cumsum over rows", 2 * kElements, 0, [&] { return cumsum(x, 0); });
    t.add("concat", 4 * kElements, 0, [&] { return concat({x, y}, 1); });
    std::vector<int64_t> index(4096);
    for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 37 % static_cast<size_t>(kRows));
    const Tensor where = Tensor::from(t.b, {4096}, index), gy = slice(y, 0, 0, 4096);
    t.add("gather", 2 * 4096 * kWide, 0, [&] { return gather_rows(x, where); });
    t.add("gather, gradient too", 4 * 4096 * kWide + kElements, 0,
          [&] { return Timings::with_gradient(x, gy, [&](const Tensor& in) { return gather_rows(in, where); }); });
    const std::array<int64_t, 3> stream = Rng::pack(Rng(13).state());
    const Tensor state = Tensor::from(t.b, Shape{3}, stream.data());
    t.add("uniform numbers", kElements, 0, [&] { return Tensor::uniform(x.shape(), 0, 1, state); });
    t.add("normal numbers", kElements, 0, [&] { return Tensor::normal(x.shape(), state); });
}

void time_products(Timings& t) {
    for (const auto& [m, k, out] : {std::array<int64_t, 3>{kRows, kWidth, 3 * kWidth},
                                    {kRows, kWidth, 4 * kWidth},
                                    {kRows, 4 * kWidth, kWidth},
                                    {256, 256, 256},
                                    {4096, 4096, 4096}}) {
        const Tensor a = random_tensor(t.b, {m, k}, 5), w = random_tensor(t.b, {k, out}, 6);
        const double dm = static_cast<double>(m), dk = static_cast<double>(k), dn = static_cast<double>(out);
        t.add(text("product ", m, " x ", k, " x ", out), dm * dk + dk * dn + dm * dn, 2 * dm * dk * dn,
              [&] { return matmul(a, w); });
    }
    const Tensor wide = random_tensor(t.b, {kRows, 4 * kWidth}, 7), up = random_tensor(t.b, {kWidth, 4 * kWidth}, 8),
                 down = random_tensor(t.b, {4 * kWidth, kWidth}, 9), bias = random_tensor(t.b, {4 * kWidth}, 10),
                 narrow_bias = t.row.reshape(Shape{kWidth});
    const double weights = 4 * kWide * kWide, flop = 8 * kElements * kWide;
    t.add(text("product ", kWidth, " x ", kRows, " x ", 4 * kWidth, ", weight gradient"), 5 * kElements + weights, flop,
          [&] { return matmul(t.x, wide, true); });
    t.add("linear with bias and gelu", 5 * kElements + weights, flop,
          [&] { return linear(t.x, up, bias, UnaryOp::gelu); });
    t.add("gated linear and residual", 6 * kElements + weights, flop,
          [&] { return gated_linear(t.x, t.group, wide, down, narrow_bias); });
}

void time_layers(Timings& t) {
    const Tensor &x = t.x, &y = t.y, &group = t.group;
    t.add("layer norm, adaLN", 2 * kElements, 0, [&] { return layer_norm(x, group, group, 1); });
    t.add("layer norm, gradient too", 8 * kElements, 0, [&] {
        return Timings::with_gradient(x, y, [&](const Tensor& in) { return layer_norm(in, group, group, 1); });
    });
    t.add("logsumexp", 2 * kElements, 0, [&] { return logsumexp(x); });
    const Tensor qkv = random_tensor(t.b, {kBatch, kTokens, 3 * kWidth}, 11);
    const double scores = static_cast<double>(kBatch * kHeads * kTokens * kTokens), head = kWide / kHeads;
    t.add("attention", 4 * kElements + scores, 4 * scores * head, [&] { return attention(qkv, kHeads, false); });
    t.add("attention, gradient too", 12 * kElements + 4 * scores, 12 * scores * head, [&] {
        return Timings::with_gradient(qkv, y, [](const Tensor& in) { return attention(in, kHeads, false); });
    });
}

void time_distances(Timings& t) {
    constexpr int64_t kA = 2048, kB = 1500, kPoints = 512, kSpace = 32;
    constexpr double kPairs = static_cast<double>(kA * kB), kQueries = kElements / kSpace;
    const Tensor a = random_tensor(t.b, {kA, kSpace}, 12), p = random_tensor(t.b, {kB, kSpace}, 13),
                 slopes = random_tensor(t.b, {kA, kB}, 14);
    t.add("pairwise distance", kPairs, 3 * kPairs * kSpace, [&] { return pairwise_distance(a, p, 1e-6); });
    t.add("pairwise distance, gradient too", 3 * kPairs, 5 * kPairs * kSpace, [&] {
        return Timings::with_gradient(a, slopes, [&](const Tensor& in) { return pairwise_distance(in, p, 1e-6); });
    });
    const Tensor points = random_tensor(t.b, {kPoints, kSpace}, 15),
                 queries = t.x.reshape(Shape{kRows * kWidth / kSpace, kSpace});
    Tensor nearest(t.b, DType::i64, Shape{queries.dim(0)});
    t.add("nearest of 512 points", kElements, 3 * kQueries * kPoints * kSpace, [&] {
        t.b.nearest_rows(DType::f32, queries.dim(0), kPoints, kSpace, queries.raw(), points.raw(),
                         nearest.data<int64_t>());
        return nearest.cast(DType::f32);
    });
}

void time_optimiser(Timings& t) {
    constexpr int64_t kParameters = 4 << 20;
    constexpr double kCount = static_cast<double>(kParameters);
    Backend& b = t.b;
    Tensor w = random_tensor(b, {kParameters}, 16), m = Tensor::zeros(b, DType::f32, w.shape()), v = m.clone();
    const Tensor g = random_tensor(b, {kParameters}, 17);
    const Tensor factors = Tensor::from(b, Shape{3}, std::vector<double>{1e-3, 1, 30});
    const Tensor rate = Tensor::full(b, DType::f64, Shape{1}, .5), failed = Tensor::zeros(b, DType::f64, Shape{1});
    Tensor norm = Tensor::full(b, DType::f64, Shape{1}, 1);
    t.add("norm of parameters", kCount, 0, [&] {
        b.norm(DType::f32, kParameters, g.raw(), norm.data<double>());
        return norm;
    });
    t.add("adam", 7 * kCount, 0, [&] {
        b.adam(DType::f32, kParameters, AdamConstants(), factors.data<double>(), norm.data<double>(),
               failed.data<double>(), g.raw(), w.raw(), m.raw(), v.raw());
        return w;
    });
    t.add("average of parameters", 3 * kCount, 0, [&] {
        b.lerp(DType::f32, kParameters, rate.data<double>(), failed.data<double>(), g.raw(), w.raw());
        return w;
    });
}

}  // namespace

std::vector<KernelTiming> time_kernels(Backend& backend, const DevicePeaks& peaks) {
    Timings timings{backend, peaks};
    time_arrays(timings);
    time_products(timings);
    time_layers(timings);
    time_distances(timings);
    time_optimiser(timings);
    return timings.all;
}

}  // namespace astro::app
