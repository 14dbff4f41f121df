#include "apps/selftest/kernel_timings.h"

#include <algorithm>
#include <array>
#include <functional>

#include "tensor/base/clock.h"
#include "tensor/base/rows.h"
#include "tensor/ops.h"
#include "tensor/rng.h"

namespace astro::app {

namespace {

Tensor random_tensor(Backend& backend, const Shape& shape, uint64_t seed) {
    std::vector<float> values(to_size(shape.numel()));
    Rng(seed).fill_normal(values.data(), shape.numel());
    return Tensor::from(backend, shape, values);
}

// Inputs and results.
struct Timings {
    Backend& b;
    const DevicePeaks& peaks;
    const TimingSizes& sizes;
    std::vector<KernelTiming> all = {};
    int64_t rows = sizes.batch * sizes.tokens, width = sizes.width;
    double elements = static_cast<double>(rows * width), wide = static_cast<double>(width);
    Tensor x = random_tensor(b, {rows, width}, 1), y = random_tensor(b, {rows, width}, 2),
           row = random_tensor(b, {1, width}, 3), group = random_tensor(b, {sizes.batch, width}, 4);

    // floats: number of f32 elements read and written, each array once per kernel.
    void add(const std::string& name, double floats, double flop, const std::function<void()>& call) {
        KernelTiming t;
        t.name = name;
        t.milliseconds = time_of(call);
        t.gigabytes = 4e-9 * floats, t.gigaflop = 1e-9 * flop;
        if (peaks.bytes_per_second > 0)
            t.roofline_milliseconds =
                1e3 * std::max(1e9 * t.gigabytes / peaks.bytes_per_second, 1e9 * t.gigaflop / peaks.flop_per_second);
        all.push_back(t);
    }
    // Computes f(in) and the gradient of `in` for the cotangent gy.
    static void with_gradient(const Tensor& in, const Tensor& gy, const std::function<Tensor(const Tensor&)>& f) {
        Tape tape;
        const Tensor watched = tape.watch(in), out = f(watched);
        tape.backward({out}, {gy.reshape(out.shape())});
        tape.gradient(watched);
    }

  private:
    void wait() { Tensor::zeros(b, DType::f32, Shape{1}).item(); }

    // Milliseconds per call: the minimum over several rounds of many calls. The calls are recorded if the backend
    // supports it, so that the time of the kernels is not hidden by the launch overhead.
    double time_of(const std::function<void()>& call) {
        auto calls = [&] {
            for (int i = 0; i < sizes.calls; ++i) call();
        };
        call();
        const std::unique_ptr<CapturedWork> recorded = b.capture(calls);
        double smallest = 1e30;
        for (int round = 0; round <= sizes.rounds; ++round) {  // the first warms up
            wait();
            const double start = seconds_now();
            if (recorded)
                recorded->replay();
            else
                calls();
            wait();
            if (round > 0) smallest = std::min(smallest, 1e3 * (seconds_now() - start) / sizes.calls);
        }
        return smallest;
    }
};

void time_arrays(Timings& t) {
    const Tensor &x = t.x, &y = t.y;
    t.add("gelu", 2 * t.elements, 0, [&] { return gelu(x); });
    t.add("add", 3 * t.elements, 0, [&] { return x + y; });
    t.add("add, broadcast", 2 * t.elements, 0, [&] { return x + t.row; });
    t.add("sum over rows", t.elements, 0, [&] { return sum(x, 0); });
    t.add("sum over columns", t.elements, 0, [&] { return sum(x, 1); });
    t.add("sum of all", t.elements, 0, [&] { return sum(x); });
    const Tensor sequences = x.reshape(Shape{t.sizes.batch, t.sizes.tokens, t.width});
    t.add("cumsum over tokens", 2 * t.elements, 0, [&] { return cumsum(sequences, 1); });
    t.add("concat", 4 * t.elements, 0, [&] { return concat({x, y}, 1); });
    const int64_t picked = t.rows / 3;
    const double moved = static_cast<double>(picked) * t.wide;
    std::vector<int64_t> index(to_size(picked));
    for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 37 % to_size(t.rows));
    const Tensor where = Tensor::from(t.b, {picked}, index), gy = slice(y, 0, 0, picked);
    t.add("gather", 2 * moved, 0, [&] { return gather_rows(x, where); });
    t.add("gather, gradient too", 4 * moved + t.elements, 0,
          [&] { return Timings::with_gradient(x, gy, [&](const Tensor& in) { return gather_rows(in, where); }); });
    const std::array<int64_t, 3> stream = Rng::pack(Rng(13).state());
    const Tensor state = Tensor::from(t.b, Shape{3}, stream.data());
    t.add("uniform numbers", t.elements, 0, [&] { return Tensor::uniform(x.shape(), 0, 1, state); });
    t.add("normal numbers", t.elements, 0, [&] { return Tensor::normal(x.shape(), state); });
}

void time_products(Timings& t) {
    for (const auto& [m, k, out] : {std::array<int64_t, 3>{t.rows, t.width, 3 * t.width},
                                    {t.rows, t.width, 4 * t.width},
                                    {t.rows, 4 * t.width, t.width},
                                    {256, 256, 256},
                                    {t.sizes.square, t.sizes.square, t.sizes.square}}) {
        const Tensor a = random_tensor(t.b, {m, k}, 5), w = random_tensor(t.b, {k, out}, 6);
        const double dm = static_cast<double>(m), dk = static_cast<double>(k), dn = static_cast<double>(out);
        t.add(text("product ", m, " x ", k, " x ", out), dm * dk + dk * dn + dm * dn, 2 * dm * dk * dn,
              [&] { return matmul(a, w); });
    }
    const Tensor wide = random_tensor(t.b, {t.rows, 4 * t.width}, 7),
                 up = random_tensor(t.b, {t.width, 4 * t.width}, 8),
                 down = random_tensor(t.b, {4 * t.width, t.width}, 9), bias = random_tensor(t.b, {4 * t.width}, 10),
                 narrow_bias = t.row.reshape(Shape{t.width});
    const double weights = 4 * t.wide * t.wide, flop = 8 * t.elements * t.wide;
    t.add(text("product ", t.width, " x ", t.rows, " x ", 4 * t.width, ", weight gradient"), 5 * t.elements + weights,
          flop, [&] { return matmul(t.x, wide, true); });
    t.add("linear with bias and gelu", 5 * t.elements + weights, flop,
          [&] { return linear(t.x, up, bias, UnaryOp::gelu); });
    t.add("gated linear and residual", 6 * t.elements + weights, flop,
          [&] { return gated_linear(t.x, t.group, wide, down, narrow_bias); });
}

void time_layers(Timings& t) {
    const Tensor &x = t.x, &y = t.y, &group = t.group;
    t.add("layer norm, adaLN", 2 * t.elements, 0, [&] { return layer_norm(x, group, group, 1); });
    t.add("layer norm, gradient too", 8 * t.elements, 0, [&] {
        return Timings::with_gradient(x, y, [&](const Tensor& in) { return layer_norm(in, group, group, 1); });
    });
    t.add("logsumexp", 2 * t.elements, 0, [&] { return logsumexp(x); });
    const Tensor qkv = random_tensor(t.b, {t.sizes.batch, t.sizes.tokens, 3 * t.width}, 11);
    const double scores = static_cast<double>(t.sizes.batch * t.sizes.heads * t.sizes.tokens * t.sizes.tokens),
                 head = t.wide / static_cast<double>(t.sizes.heads);
    t.add("attention", 4 * t.elements + scores, 4 * scores * head,
          [&] { return attention(qkv, t.sizes.heads, false); });
    t.add("attention, gradient too", 12 * t.elements + 4 * scores, 12 * scores * head, [&] {
        return Timings::with_gradient(qkv, y, [&](const Tensor& in) { return attention(in, t.sizes.heads, false); });
    });
}

void time_distances(Timings& t) {
    constexpr int64_t kSpace = 32;
    const int64_t points = t.sizes.points, n = 4 * points, m = 3 * points;
    const double pairs = static_cast<double>(n * m), queried = t.elements / kSpace * static_cast<double>(points);
    const Tensor a = random_tensor(t.b, {n, kSpace}, 12), p = random_tensor(t.b, {m, kSpace}, 13),
                 slopes = random_tensor(t.b, {n, m}, 14);
    t.add("pairwise distance", pairs, 3 * pairs * kSpace, [&] { return pairwise_distance(a, p, 1e-6); });
    t.add("pairwise distance, gradient too", 3 * pairs, 5 * pairs * kSpace, [&] {
        return Timings::with_gradient(a, slopes, [&](const Tensor& in) { return pairwise_distance(in, p, 1e-6); });
    });
    const Tensor landmarks = random_tensor(t.b, {points, kSpace}, 15),
                 queries = t.x.reshape(Shape{t.rows * t.width / kSpace, kSpace});
    Tensor nearest(t.b, DType::i64, Shape{queries.dim(0)});
    t.add(text("nearest of ", points, " points"), t.elements, 3 * queried * kSpace, [&] {
        t.b.nearest_rows(DType::f32, queries.dim(0), points, kSpace, queries.raw(), landmarks.raw(),
                         nearest.data<int64_t>());
        return nearest.cast(DType::f32);
    });
}

void time_optimiser(Timings& t) {
    const int64_t parameters = t.sizes.parameters;
    const double count = static_cast<double>(parameters);
    Backend& b = t.b;
    Tensor w = random_tensor(b, {parameters}, 16), m = Tensor::zeros(b, DType::f32, w.shape()), v = m.clone();
    const Tensor g = random_tensor(b, {parameters}, 17);
    const Tensor factors = Tensor::from(b, Shape{3}, std::vector<double>{1e-3, 1, 30});
    const Tensor rate = Tensor::full(b, DType::f64, Shape{1}, .5), failed = Tensor::zeros(b, DType::f64, Shape{1});
    Tensor norm = Tensor::full(b, DType::f64, Shape{1}, 1);
    t.add("norm of parameters", count, 0, [&] {
        b.norm(DType::f32, parameters, g.raw(), norm.data<double>());
        return norm;
    });
    t.add("adam", 7 * count, 0, [&] {
        b.adam(DType::f32, parameters, AdamConstants(), factors.data<double>(), norm.data<double>(),
               failed.data<double>(), g.raw(), w.raw(), m.raw(), v.raw());
        return w;
    });
    t.add("average of parameters", 3 * count, 0, [&] {
        b.lerp(DType::f32, parameters, rate.data<double>(), failed.data<double>(), g.raw(), w.raw());
        return w;
    });
}

}  // namespace

std::vector<KernelTiming> time_kernels(Backend& backend, const DevicePeaks& peaks, const TimingSizes& sizes) {
    Timings timings{backend, peaks, sizes};
    time_arrays(timings);
    time_products(timings);
    time_layers(timings);
    time_distances(timings);
    time_optimiser(timings);
    return timings.all;
}

}  // namespace astro::app
