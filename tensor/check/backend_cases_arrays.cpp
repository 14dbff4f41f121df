// Cases of elementwise functions, sums, indexed rows, random numbers and casts.
#include <array>
#include <cmath>

#include "tensor/base/rows.h"
#include "tensor/check/backend_cases_impl.h"

namespace astro {

namespace {

using In = std::vector<const void*>;
using Out = std::vector<void*>;

// Writes values of any type to an output array of a case.
void put(Backend& b, const Tensor& values, DType type, void* y) {
    b.cast(values.dtype(), values.raw(), type, y, values.numel());
}

Tensor number(Backend& b, double value) { return Tensor::full(b, DType::f64, Shape{1}, value); }

// Three Adam steps and one moving average over 1000 parameters. They do nothing if `failed` is not 0.
BackendEntry optimiser(double clip, double failed) {
    return [clip, failed](Backend& b, DType type, const In& in, const Out& out) {
        AdamConstants constants;
        constants.clip = clip;
        const Tensor factors = Tensor::from(b, Shape{3}, std::vector<double>{1e-1, .9999, 30});
        const Tensor norm = number(b, 5), rate = number(b, .25), stop = number(b, failed);
        for (int k = 0; k < 3; ++k)
            b.adam(type, 1000, constants, factors.data<double>(), norm.data<double>(), stop.data<double>(), in[0],
                   out[0], out[1], out[2]);
        b.lerp(type, 1000, rate.data<double>(), stop.data<double>(), in[0], out[0]);
    };
}

}  // namespace

void add_elementwise_cases(CaseTable& table) {
    const int64_t many = 13 * 256 + 77;  // more elements than threads in an emulated grid
    table.add("unary", text("gelu of ", many), {random_values(many, 1), random_values(many, 2)}, {many, many},
              [many](Backend& b, DType type, const In& in, const Out& out) {
                  b.unary(UnaryOp::gelu, type, many, in[0], 0, 0, out[0]);
                  b.unary_grad(UnaryOp::gelu, type, many, in[0], out[0], in[1], 0, 0, out[1]);
              });
    Traversal six;
    six.rank = 6;
    int64_t all = 1;
    for (int axis = 5; axis >= 0; --axis) {
        six.sizes[axis] = 2 + axis % 2;
        six.a_step[axis] = axis % 2 ? all : 0;
        six.b_step[axis] = axis % 3 ? 0 : all;
        all *= six.sizes[axis];
    }
    table.add("binary", "div over six axes",
              {random_values(all, 1), random_values(all, 2, 1, 2), random_values(all, 3)}, {all, all, all},
              [six](Backend& b, DType type, const In& in, const Out& out) {
                  b.binary(BinaryOp::div, type, six, in[0], in[1], out[0]);
                  b.binary_grad(BinaryOp::div, type, six, in[0], in[1], in[2], false, out[1]);
                  b.binary_grad(BinaryOp::div, type, six, in[0], in[1], in[2], true, out[2]);
              });
    table.add("copy_rows", "40 of 9 to 11", {random_values(40 * 9, 1)}, {40 * 11},
              [](Backend& b, DType type, const In& in, const Out& out) {
                  b.copy_rows(type, 40, 7, in[0], 9, out[0], 11, false);
                  b.copy_rows(type, 39, 7, in[0], 9, out[0], 11, true);
              });
    for (double clip : {0, 4, 6})  // no clipping; below the gradient's norm; above it
        table.add("adam", text("and lerp, clip ", clip), {random_values(1000, 1)}, {1000, 1000, 1000},
                  optimiser(clip, 0));
    BackendCase& stopped = table.add("adam", "and lerp, once a step has failed", {random_values(1000, 1)},
                                     {1000, 1000, 1000}, optimiser(4, 1));
    stopped.reference = [](Backend&, DType, const In&, const Out&) {};  // expected: the arrays are unchanged
    stopped.tolerance_f32 = stopped.tolerance_f64 = 0;
    // All pairs of types; conversions follow C++.
    for (DType from : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8})
        for (DType to : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}) {
            BackendCase& c =
                table.add("cast", text(dtype_name(from), " to ", dtype_name(to)), {{0, 1, 2.75, 100.5, 200}}, {5, 40},
                          [from, to](Backend& b, DType type, const In& in, const Out& out) {
                              Tensor first(b, from, Shape{5}), second(b, to, Shape{5});
                              b.cast(type, in[0], from, first.raw(), 5);
                              b.cast(from, first.raw(), to, second.raw(), 5);
                              put(b, second, type, out[0]);
                              put(b, Tensor::full(b, to, Shape{40}, 7), type, out[1]);
                          });
            c.tolerance_f32 = c.tolerance_f64 = 0;
        }
}

void add_sum_cases(CaseTable& table) {
    struct Case {
        std::vector<int64_t> sizes;
        std::vector<int> kept;
    };
    for (const Case& c : {Case{{5000}, {0}},
                          {{5000}, {1}},
                          {{300, 33}, {0, 1}},
                          {{70, 310}, {1, 0}},
                          {{3, 200, 5}, {1, 0, 1}},
                          {{20, 3, 50}, {0, 1, 0}},
                          {{2, 3, 4, 5}, {1, 0, 1, 0}},
                          {{1025, 2}, {1, 0}},
                          {{4096, 1}, {0, 1}}}) {
        Traversal t;
        t.rank = static_cast<int>(c.sizes.size());
        int64_t all = 1, kept = 1;
        for (int axis = t.rank - 1; axis >= 0; --axis) {
            t.sizes[axis] = nth(c.sizes, axis);
            t.a_step[axis] = all;
            if (nth(c.kept, axis)) t.b_step[axis] = kept, kept *= t.sizes[axis];
            all *= t.sizes[axis];
        }
        table.add("sum_to", text(kept, " of ", all, ", rank ", t.rank), {random_values(all, 1)}, {kept},
                  [t](Backend& b, DType type, const In& in, const Out& out) { b.sum_to(type, t, in[0], out[0]); });
    }
    for (int64_t n : {0, 1, 31, 2049, 70000})
        table.add("norm", text(n), {random_values(n, 1)}, {1, 1, 1},
                  [n](Backend& b, DType type, const In& in, const Out& out) {
                      Tensor norm = number(b, 0), sum = number(b, 0), failed = number(b, 0);
                      b.norm(type, n, in[0], norm.data<double>());
                      b.record_metric(type, n, in[0], number(b, 7).data<double>(), sum.data<double>(),
                                      failed.data<double>());
                      put(b, norm, type, out[0]), put(b, sum, type, out[1]), put(b, failed, type, out[2]);
                  });
    // A value that is not finite must be found at any position. The results are encoded as numbers, because infinities
    // and NaN cannot be compared by differences: 1 for +infinity, 2 for -infinity, 3 for NaN.
    for (double value : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
        std::vector<double> values = random_values(3000, 1);
        values[2999] = value;
        BackendCase& c = table.add("record_metric", text("with ", value), {values}, {1, 1, 1, 1},
                                   [](Backend& b, DType type, const In& in, const Out& out) {
                                       Tensor norm = number(b, 0), sum = number(b, 0), failed = number(b, 0);
                                       const Tensor serial = number(b, 7), later = number(b, 8);
                                       double *y = sum.data<double>(), *flag = failed.data<double>();
                                       b.norm(type, 3000, in[0], norm.data<double>());
                                       b.record_metric(type, 3000, in[0], serial.data<double>(), y, flag);
                                       const double found = sum.item();
                                       put(b, number(b, std::isfinite(norm.item())), type, out[0]);
                                       put(b, number(b, found > 0 ? 1 : found < 0 ? 2 : 3), type, out[1]);
                                       put(b, failed, type, out[2]);
                                       b.record_metric(type, 1, in[0], serial.data<double>(), y, flag);  // same step
                                       b.record_metric(type, 2, in[0], later.data<double>(), y, flag);   // not written
                                       put(b, sum, type, out[3]);
                                   });
        const std::vector<double> first = {values[0]};
        c.reference = [value, first](Backend& b, DType type, const In&, const Out& out) {
            put(b, number(b, 0), type, out[0]);
            put(b, number(b, value > 0 ? 1 : value < 0 ? 2 : 3), type, out[1]);
            put(b, number(b, 7), type, out[2]);
            put(b, Tensor::from(b, Shape{1}, first), type, out[3]);
        };
    }
    table.add(
        "logsumexp", "50 rows of 70", {random_values(50 * 70, 1, -9, 9)}, {50 * 70, 50},
        [](Backend& b, DType type, const In& in, const Out& out) { b.logsumexp(type, 50, 70, in[0], out[0], out[1]); });
    // Rows without columns give -infinity.
    table
        .add("logsumexp", "70 rows of 0", {{}}, {0, 70},
             [](Backend& b, DType type, const In& in, const Out& out) {
                 b.logsumexp(type, 70, 0, in[0], out[0], out[1]);
             })
        .reference = [](Backend& b, DType type, const In&, const Out& out) { b.fill(type, 70, -HUGE_VAL, out[1]); };
    table.add("cumsum", "3 x 9 x 50", {random_values(3 * 9 * 50, 1)}, {3 * 9 * 50, 3 * 9 * 50},
              [](Backend& b, DType type, const In& in, const Out& out) {
                  b.cumsum(type, 3, 9, 50, false, in[0], out[0]);
                  b.cumsum(type, 3, 9, 50, true, in[0], out[1]);
              });
}

void add_row_cases(CaseTable& table) {
    // Scatter with many equal indices, with sorts in one thread block and in several.
    for (int64_t n : {1, 2, 48, 1024, 1025, 3000}) {
        std::vector<int64_t> index;
        Rng rng(7);
        for (int64_t i = 0; i < n; ++i) index.push_back(i % 3 == 0 ? 5 : rng.below(37));
        table.add("rows", text(n, " of 37"), {random_values(37 * 3, 1), random_values(n * 3, 2)}, {n * 3, 37 * 3},
                  [n, index](Backend& b, DType type, const In& in, const Out& out) {
                      const Tensor rows = Tensor::from(b, Shape{n}, index);
                      b.gather_rows(type, n, 3, in[0], rows.data<int64_t>(), out[0]);
                      b.scatter_add_rows(type, n, 3, in[1], rows.data<int64_t>(), out[1]);
                  });
    }
    // The nearest of few and of many points, compared with an exhaustive search.
    for (const auto& [n, m, width] : {std::array<int64_t, 3>{1, 1, 3}, {70, 5, 2}, {40, 33, 40}, {600, 100, 8}}) {
        const std::vector<double> x = random_values(n * width, 1), points = random_values(m * width, 2);
        BackendCase& c = table.add("nearest_rows", text(n, " rows, ", m, " points, width ", width), {x, points}, {n},
                                   [n = n, m = m, width = width](Backend& b, DType type, const In& in, const Out& out) {
                                       Tensor found(b, DType::i64, Shape{n});
                                       b.nearest_rows(type, n, m, width, in[0], in[1], found.data<int64_t>());
                                       put(b, found, type, out[0]);
                                   });
        const Rows rows(x, width), others(points, width);
        std::vector<double> nearest;
        for (int64_t i = 0; i < n; ++i) {
            double smallest = HUGE_VAL, where = 0;
            for (int64_t j = 0; j < m; ++j) {
                double square = 0;
                for (int64_t w = 0; w < width; ++w) square += std::pow(rows(i, w) - others(j, w), 2);
                if (square < smallest) smallest = square, where = static_cast<double>(j);
            }
            nearest.push_back(where);
        }
        c.reference = [nearest](Backend& b, DType type, const In&, const Out& out) {
            put(b, Tensor::from(b, Shape{ssize(nearest)}, nearest), type, out[0]);
        };
        c.tolerance_f32 = c.tolerance_f64 = 0;
    }
}

void add_random_cases(CaseTable& table) {
    // Starting at any position of a stream. The numbers are f32 for every type of the case.
    for (int skipped : {0, 1, 2, 3, 5})
        for (int64_t n : {0, 1, 2, 33, 7001}) {
            Rng rng = Rng(0x123456789ABCDEFu).stream("test");
            for (int i = 0; i < skipped; ++i) rng.next();
            const std::array<int64_t, 3> packed = Rng::pack(rng.state());
            auto state = [packed](Backend& b) { return Tensor::from(b, Shape{3}, packed.data()); };
            const Shape shape{n};
            BackendCase& uniform = table.add("random_uniform", text(n, " after ", skipped), {}, {n, n},
                                             [state, shape](Backend& b, DType type, const In&, const Out& out) {
                                                 put(b, Tensor::uniform(shape, -3, 7, state(b)), type, out[0]);
                                                 // Numbers in [0, 2^24) are the upper 24 bits of each word.
                                                 put(b, Tensor::uniform(shape, 0, 1 << 24, state(b)), type, out[1]);
                                             });
            uniform.tolerance_f32 = uniform.tolerance_f64 = 0;
            BackendCase& normal = table.add("random_normal", text(n, " after ", skipped), {}, {n},
                                            [state, shape](Backend& b, DType type, const In&, const Out& out) {
                                                put(b, Tensor::normal(shape, state(b)), type, out[0]);
                                            });
            normal.tolerance_f32 = normal.tolerance_f64 = 1e-6;
        }
}

}  // namespace astro
