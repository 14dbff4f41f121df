#include "apps/kernel_timings.h"

#include <algorithm>
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

}  // namespace

std::vector<KernelTiming> time_kernels(Backend& b, const DevicePeaks& peaks) {
    std::vector<KernelTiming> all;
    auto add = [&](const std::string& name, double floats, double flop, const std::function<Tensor()>& call) {
        KernelTiming t;
        t.name = name;
        t.milliseconds = time_of(call);
        t.gigabytes = 4e-9 * floats, t.gigaflop = 1e-9 * flop;
        t.roofline_milliseconds =
            1e3 * std::max(1e9 * t.gigabytes / peaks.bytes_per_second, 1e9 * t.gigaflop / peaks.flop_per_second);
        all.push_back(t);
    };
    const int64_t batch = 256, tokens = 48, width = 128, heads = 4, rows = batch * tokens;
    const Tensor x = random_tensor(b, {rows, width}, 1), y = random_tensor(b, {rows, width}, 2);
    const Tensor row = random_tensor(b, {1, width}, 3), group = random_tensor(b, {batch, width}, 4);
    const double n = static_cast<double>(rows * width), wide = static_cast<double>(width);
    add("gelu", 2 * n, 0, [&] { return gelu(x); });
    add("add", 3 * n, 0, [&] { return x + y; });
    add("add, broadcast", 2 * n, 0, [&] { return x + row; });
    add("sum over rows", n, 0, [&] { return sum(x, 0); });
    add("sum over columns", n, 0, [&] { return sum(x, 1); });
    add("sum of all", n, 0, [&] { return sum(x); });
    add("layer norm, adaLN", 2 * n, 0, [&] { return layer_norm(x, group, group, 1); });
    add("logsumexp", 2 * n, 0, [&] { return logsumexp(x); });
    add("concat", 4 * n, 0, [&] { return concat({x, y}, 1); });
    for (const auto& [m, k, out] : {std::array<int64_t, 3>{rows, width, 3 * width},
                                    {rows, width, 4 * width},
                                    {rows, 4 * width, width},
                                    {256, 256, 256},
                                    {4096, 4096, 4096}}) {
        const Tensor a = random_tensor(b, {m, k}, 5), w = random_tensor(b, {k, out}, 6);
        const double dm = static_cast<double>(m), dk = static_cast<double>(k), dn = static_cast<double>(out);
        add(text("product ", m, " x ", k, " x ", out), dm * dk + dk * dn + dm * dn, 2 * dm * dk * dn,
            [&] { return matmul(a, w); });
    }
    const Tensor wide_gradient = random_tensor(b, {rows, 4 * width}, 7);
    add(text("product ", width, " x ", rows, " x ", 4 * width, ", weight gradient"), 5 * n + 4 * wide * wide,
        8 * n * wide, [&] { return matmul(x, wide_gradient, true); });
    const Tensor qkv = random_tensor(b, {batch, tokens, 3 * width}, 8);
    const double scores = static_cast<double>(batch * heads * tokens * tokens),
                 head = static_cast<double>(width / heads);
    add("attention", 4 * n + scores, 4 * scores * head, [&] { return attention(qkv, heads, false); });
    add("attention, gradient too", 12 * n + 4 * scores, 12 * scores * head, [&] {
        Tape tape;
        const Tensor in = tape.watch(qkv), out = attention(in, heads, false);
        tape.backward({out}, {y.reshape(out.shape())});
        return tape.gradient(in);
    });
    add("layer norm, gradient too", 8 * n, 0, [&] {
        Tape tape;
        const Tensor in = tape.watch(x), out = layer_norm(in, tape.watch(group), tape.watch(group), 1);
        tape.backward({out}, {y});
        return tape.gradient(in);
    });
    std::vector<int64_t> index(4096);
    for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 37 % static_cast<size_t>(rows));
    const Tensor where = Tensor::from(b, {4096}, index);
    add("gather", 2 * 4096 * wide, 0, [&] { return gather_rows(x, where); });
    const Tensor a = random_tensor(b, {2048, 32}, 9), p = random_tensor(b, {1500, 32}, 10);
    add("pairwise distance", 2048.0 * 1500, 3.0 * 2048 * 1500 * 32, [&] { return pairwise_distance(a, p, 1e-6); });
    const int64_t parameters = 4 << 20;
    Tensor w = random_tensor(b, {parameters}, 11), m = Tensor::zeros(b, DType::f32, w.shape()), v = m.clone();
    const Tensor g = random_tensor(b, {parameters}, 12);
    const Tensor factors = Tensor::from(b, Shape{3}, std::vector<double>{1e-3, 1, 30});
    const Tensor norm = Tensor::full(b, DType::f64, Shape{1}, 1), failed = Tensor::zeros(b, DType::f64, Shape{1});
    add("adam", 7 * static_cast<double>(parameters), 0, [&] {
        b.adam(DType::f32, parameters, AdamConstants(), factors.data<double>(), norm.data<double>(),
               failed.data<double>(), g.raw(), w.raw(), m.raw(), v.raw());
        return w;
    });
    return all;
}

}  // namespace astro::app
