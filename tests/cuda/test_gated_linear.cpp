// Gated residual branches: every size at which the product, or what follows it, takes another way.
#include "tests/cuda/compare.h"

using namespace astro;

TEST_CASE("cuda gated linear: what gemm, bias, gate and sum give one by one, by both products; its gradients") {
    struct Case {
        int64_t m, n, k, groups;
    };
    // One tile and several, groups that end inside a tile, nothing to add up; the last two are cut along k.
    for (bool own : {true, false}) {
        const auto gpu = cuda_backend({own ? Matmul::own : Matmul::f32});
        for (const Case& c : {Case{1, 1, 1, 1},
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
                const int64_t all = c.m * c.n, gates = c.groups * c.n;
                compare(
                    *gpu,
                    text("gated_linear ", c.m, " ", c.n, " ", c.k, " ", c.groups, own ? " own" : "",
                         kept ? " kept" : ""),
                    {{random(c.m * c.k, 1), random(c.k * c.n, 2, -.2, .2), random(c.n, 3), random(all, 4),
                      random(gates, 5), random(all, 6)},
                     {all, all, gates, all}},
                    [&](Backend& b, DType type, auto& in, auto& out) {
                        const void *h = in[0], *w = in[1], *bias = in[2], *x = in[3], *gate = in[4], *gy = in[5];
                        void *z = kept ? out[0] : nullptr, *y = out[1];
                        if (&b == gpu.get()) {
                            b.gated_linear(type, c.m, c.n, c.k, c.groups, h, w, bias, x, gate, z, y);
                        } else {
                            Tensor product = Tensor::zeros(b, type, Shape{all}), gated(b, type, Shape{all});
                            b.copy_rows(type, c.m, c.n, bias, 0, product.raw(), c.n, false);
                            b.gemm(type, false, false, c.m, c.n, c.k, h, c.k, w, c.n, product.raw(), c.n, true);
                            Traversal t;  // over (group, row in it, column)
                            t.rank = 3;
                            t.sizes[0] = c.groups, t.sizes[1] = c.m / c.groups, t.sizes[2] = c.n;
                            t.a_step[0] = t.sizes[1] * c.n, t.a_step[1] = c.n, t.a_step[2] = 1;
                            t.b_step[0] = c.n, t.b_step[2] = 1;
                            b.binary(BinaryOp::mul, type, t, product.raw(), gate, gated.raw());
                            for (int axis = 0; axis < 3; ++axis) t.b_step[axis] = t.a_step[axis];
                            b.binary(BinaryOp::add, type, t, gated.raw(), x, y);
                            if (kept) b.copy(z, product.raw(), product.bytes());
                        }
                        b.gated_linear_grad(type, c.m, c.n, c.groups, gate, z, gy, kept ? out[2] : nullptr, out[3]);
                    },
                    1e-5);
            }
    }
}
