// Cases of matrix products and of the functions behind layers.
#include <array>
#include <cmath>

#include "tensor/check/backend_cases_impl.h"

namespace astro {

namespace {

using In = std::vector<const void*>;
using Out = std::vector<void*>;

// Weights op(w) (k, n) in the layout of this backend: packed, or `from` itself if the backend does not pack.
struct Weights {
    Tensor packed;
    const void* raw;
    Weights(Backend& b, DType type, bool transposed, int64_t k, int64_t n, const void* from) : raw(from) {
        const int64_t size = b.packed_size(type, k, n);
        if (size == 0) return;
        packed = Tensor(b, type, Shape{size});
        b.pack(type, transposed, k, n, from, packed.raw());
        raw = packed.raw();
    }
};

// The rounding error of a sum grows with its number of terms k.
double tolerance_of_sum(int64_t k) { return 2e-6 * std::max(1.0, std::sqrt(static_cast<double>(k) / 100)); }

// Complete and incomplete tiles, transposes, leading dimensions, sums that are split along k.
void add_gemm(CaseTable& table) {
    int count = 0;
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                                  {33, 31, 5},
                                  {64, 64, 16},
                                  {65, 63, 17},
                                  {130, 70, 33},
                                  {7, 9, 2100},
                                  {66, 3, 600},
                                  {5, 6, 0}})
        for (int form = 0; form < 4; ++form) {
            const bool ta = form & 1, tb = form & 2, accumulate = ++count % 2 == 0;
            const int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
            table
                .add("gemm", text(m, " x ", k, " x ", n, ta ? " ta" : "", tb ? " tb" : ""),
                     {random_values((ta ? k : m) * lda + 1, 1), random_values((tb ? n : k) * ldb + 1, 2)}, {m * ldc},
                     [=, m = m, n = n, k = k](Backend& b, DType type, const In& in, const Out& out) {
                         b.gemm(type, ta, tb, m, n, k, in[0], lda, in[1], ldb, out[0], ldc, accumulate);
                     })
                .tolerance_f32 = tolerance_of_sum(k);
        }
}

// Plain and transposed weights, with and without bias and activation, and the gradients.
void add_linear(CaseTable& table) {
    const int64_t m = 67, n = 35, k = 19;
    for (bool transposed : {false, true})
        for (int form = 0; form < 4; ++form) {
            const bool with_bias = form & 1, activated = form & 2;
            table.add("linear",
                      text("and its gradient", transposed ? ", transposed" : "", with_bias ? ", bias" : "",
                           activated ? ", gelu" : ""),
                      {random_values(m * k, 1), random_values(k * n, 2), random_values(n, 3), random_values(m * n, 4)},
                      {m * n, m * n, m * n, n, n}, [=](Backend& b, DType type, const In& in, const Out& out) {
                          const Weights w(b, type, transposed, k, n, in[1]);
                          const UnaryOp gelu = UnaryOp::gelu;
                          void* slope = activated ? out[0] : nullptr;
                          b.linear(type, m, n, k, in[0], w.raw, transposed, with_bias ? in[2] : nullptr,
                                   activated ? &gelu : nullptr, slope, out[1]);
                          b.linear_grad(type, m, n, in[3], slope, out[2], out[3], true);
                          b.linear_grad(type, m, n, in[3], slope, out[2], out[4], false);
                          b.linear_grad(type, m, n, in[3], slope, out[2], nullptr, false);
                      });
        }
}

// Compared with separate calls of gemm, add, unary and unary_grad. Sizes: one tile, several tiles, incomplete tiles,
// and k = 0. The last two sizes are split along k by backends that fuse the layer into the product.
void add_fused_linear(CaseTable& table) {
    int form = 0;  // bits: with bias, with slope; over all sizes, each combination meets each activation
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                                  {64, 64, 16},
                                  {65, 63, 17},
                                  {130, 67, 33},
                                  {3, 70, 0},
                                  {7, 9, 600},
                                  {66, 3, 520}})
        // affine stands for no activation; tanh is not used by any layer.
        for (UnaryOp op : {UnaryOp::affine, UnaryOp::relu, UnaryOp::silu, UnaryOp::gelu, UnaryOp::tanh}) {
            const bool with_bias = form & 1, with_slope = (form & 2) && op != UnaryOp::affine;
            const int64_t all = m * n;
            ++form;
            BackendCase& c =
                table.add("linear",
                          text(m, " x ", k, " x ", n, " ", op == UnaryOp::affine ? "plain" : op_name(op),
                               with_bias ? ", bias" : "", with_slope ? ", slope" : ""),
                          {random_values(m * k, 1), random_values(k * n, 2, -.2, .2), random_values(n, 3)}, {all, all},
                          [=, m = m, n = n, k = k](Backend& b, DType type, const In& in, const Out& out) {
                              const Weights w(b, type, false, k, n, in[1]);
                              b.linear(type, m, n, k, in[0], w.raw, false, with_bias ? in[2] : nullptr,
                                       op == UnaryOp::affine ? nullptr : &op, with_slope ? out[0] : nullptr, out[1]);
                          });
            c.reference = [=, m = m, n = n, k = k](Backend& b, DType type, const In& in, const Out& out) {
                Tensor z = Tensor::zeros(b, type, Shape{all});
                const Tensor ones = Tensor::full(b, type, Shape{all}, 1);
                if (with_bias) b.copy_rows(type, m, n, in[2], 0, z.raw(), n, false);
                b.gemm(type, false, false, m, n, k, in[0], k, in[1], n, z.raw(), n, true);
                b.unary(op, type, all, z.raw(), 1, 0, out[1]);
                if (with_slope) b.unary_grad(op, type, all, z.raw(), out[1], ones.raw(), 1, 0, out[0]);
            };
            c.tolerance_f32 = 1e-5;
        }
}

// Compared with separate calls for product, bias, gate and sum. Sizes: one tile, several tiles, groups that end inside
// a tile, and k = 0. The last two sizes are split along k.
void add_gated_linear(CaseTable& table) {
    struct Case {
        int64_t m, n, k, groups;
    };
    for (const Case& s : {Case{1, 1, 1, 1},
                          {0, 4, 3, 2},
                          {6, 31, 5, 3},
                          {64, 64, 16, 1},
                          {700, 9, 2, 7},
                          {64, 129, 17, 64},
                          {130, 67, 33, 2},
                          {6, 70, 0, 3},
                          {6, 9, 600, 3},
                          {66, 3, 520, 2}})
        for (bool kept : {true, false}) {
            const int64_t all = s.m * s.n, gates = s.groups * s.n;
            auto gradient = [s, kept](Backend& b, DType type, const In& in, const Out& out) {
                b.gated_linear_grad(type, s.m, s.n, s.groups, in[4], kept ? out[0] : nullptr, in[5],
                                    kept ? out[2] : nullptr, out[3]);
            };
            BackendCase& c = table.add(
                "gated_linear", text(s.m, " x ", s.k, " x ", s.n, ", groups ", s.groups, kept ? ", kept" : ""),
                {random_values(s.m * s.k, 1), random_values(s.k * s.n, 2, -.2, .2), random_values(s.n, 3),
                 random_values(all, 4), random_values(gates, 5), random_values(all, 6)},
                {all, all, gates, all}, [s, kept, gradient](Backend& b, DType type, const In& in, const Out& out) {
                    const Weights w(b, type, false, s.k, s.n, in[1]);
                    b.gated_linear(type, s.m, s.n, s.k, s.groups, in[0], w.raw, in[2], in[3], in[4],
                                   kept ? out[0] : nullptr, out[1]);
                    gradient(b, type, in, out);
                });
            c.reference = [s, kept, all, gradient](Backend& b, DType type, const In& in, const Out& out) {
                Tensor product = Tensor::zeros(b, type, Shape{all}), gated(b, type, Shape{all});
                b.copy_rows(type, s.m, s.n, in[2], 0, product.raw(), s.n, false);
                b.gemm(type, false, false, s.m, s.n, s.k, in[0], s.k, in[1], s.n, product.raw(), s.n, true);
                Traversal t;  // over (group, row of the group, column)
                t.rank = 3;
                t.sizes[0] = s.groups, t.sizes[1] = s.m / s.groups, t.sizes[2] = s.n;
                t.a_step[0] = t.sizes[1] * s.n, t.a_step[1] = s.n, t.a_step[2] = 1;
                t.b_step[0] = s.n, t.b_step[2] = 1;
                b.binary(BinaryOp::mul, type, t, product.raw(), in[4], gated.raw());
                for (int axis = 0; axis < 3; ++axis) t.b_step[axis] = t.a_step[axis];
                b.binary(BinaryOp::add, type, t, gated.raw(), in[3], out[1]);
                if (kept) b.copy(out[0], product.raw(), product.bytes());
                gradient(b, type, in, out);
            };
            c.tolerance_f32 = 1e-5;
        }
}

// Up to 128 tokens, which the CUDA backend computes in one kernel, and more; full and causal.
void add_attention(CaseTable& table) {
    struct Case {
        int64_t batch, tokens, heads, width;
    };
    for (const Case& s : {Case{2, 31, 2, 8}, {1, 33, 3, 33}, {1, 128, 1, 5}, {2, 129, 1, 4}, {1, 40, 1, 300}})
        for (bool causal : {false, true}) {
            const int64_t n = s.batch * s.tokens * s.heads * s.width, p = s.batch * s.heads * s.tokens * s.tokens;
            table.add("attention",
                      text(s.tokens, " tokens, ", s.heads, " heads of ", s.width, causal ? ", causal" : ""),
                      {random_values(3 * n, 1, -2, 2), random_values(n, 2)}, {n, 3 * n},
                      [s, causal, p](Backend& b, DType type, const In& in, const Out& out) {
                          Tensor kept(b, type, Shape{p});  // its contents differ between backends
                          b.attention(type, s.batch, s.tokens, s.heads, s.width, causal, in[0], kept.raw(), out[0]);
                          b.attention_grad(type, s.batch, s.tokens, s.heads, s.width, causal, in[0], kept.raw(), in[1],
                                           out[1]);
                      });
        }
}

// Groups, widths around the size of a warp, sums over many rows.
void add_layer_norm(CaseTable& table) {
    struct Case {
        int64_t rows, width, groups;
        bool affine;
    };
    for (const Case& s :
         {Case{5, 31, 1, true}, {12, 33, 4, true}, {700, 40, 1, true}, {9, 129, 1, false}, {300, 8, 2, true}}) {
        const int64_t n = s.rows * s.width, g = s.groups * s.width;
        table
            .add("layer_norm", text(s.rows, " rows of ", s.width, ", groups ", s.groups, s.affine ? ", affine" : ""),
                 {random_values(n, 1), random_values(g, 2), random_values(g, 3), random_values(n, 4)},
                 {n, s.rows, s.rows, n, g, g},
                 [s](Backend& b, DType type, const In& in, const Out& out) {
                     const void *gain = s.affine ? in[1] : nullptr, *bias = s.affine ? in[2] : nullptr;
                     b.layer_norm(type, s.rows, s.width, s.groups, 1e-6, .5, in[0], gain, bias, out[0], out[1], out[2]);
                     b.layer_norm_grad(type, s.rows, s.width, s.groups, .5, in[0], gain, out[1], out[2], in[3], out[3],
                                       s.affine ? out[4] : nullptr, s.affine ? out[5] : nullptr);
                 })
            .tolerance_f32 = 2e-5;
    }
}

// Incomplete tiles, and distances below the floor.
void add_distance(CaseTable& table) {
    struct Case {
        int64_t n, m, width;
    };
    for (const Case& s : {Case{1, 33, 2}, {65, 31, 40}, {300, 7, 3}})
        for (double floor : {1e-6, 1.5})
            table
                .add("pairwise_distance", text(s.n, " x ", s.m, ", width ", s.width, ", floor ", floor),
                     {random_values(s.n * s.width, 1), random_values(s.m * s.width, 2), random_values(s.n * s.m, 3)},
                     {s.n * s.m, s.n * s.width, s.m * s.width},
                     [s, floor](Backend& b, DType type, const In& in, const Out& out) {
                         b.pairwise_distance(type, s.n, s.m, s.width, floor, in[0], in[1], out[0]);
                         b.pairwise_distance_grad(type, s.n, s.m, s.width, floor, in[0], in[1], out[0], in[2], out[1],
                                                  out[2]);
                     })
                .tolerance_f32 = 2e-5;
}

}  // namespace

void add_product_cases(CaseTable& table) {
    add_gemm(table);
    add_linear(table);
    add_fused_linear(table);
    add_gated_linear(table);
}

void add_layer_cases(CaseTable& table) {
    add_attention(table);
    add_layer_norm(table);
    add_distance(table);
}

}  // namespace astro
