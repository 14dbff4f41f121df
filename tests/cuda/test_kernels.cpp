// The kernels beyond the op table's sizes: several blocks, pieces and tails, against the CPU backend on the same
// arrays; the same bits in every thread order.
#include "tensor/ops.h"
#include "tests/cuda/compare.h"

using namespace astro;

TEST_CASE("cuda gemm: tails, tiles, transposes, leading dimensions, cut sums") {
    for (bool own : {true, false}) {
        const auto gpu = cuda_backend({own ? Matmul::own : Matmul::f32});
        const std::vector<std::array<int64_t, 3>> sizes = {{1, 1, 1},     {33, 31, 5},  {64, 64, 16}, {65, 63, 17},
                                                           {130, 70, 33}, {7, 9, 2100}, {66, 3, 600}, {5, 6, 0}};
        int count = 0;
        for (const auto& [m, n, k] : sizes)
            for (int form = 0; form < 4; ++form) {
                const bool ta = form & 1, tb = form & 2, accumulate = ++count % 2 == 0;
                const int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
                const Arrays arrays = {{random((ta ? k : m) * lda + 1, 1), random((tb ? n : k) * ldb + 1, 2)},
                                       {m * ldc}};
                compare(*gpu, text("gemm ", own ? "own " : "", m, " ", n, " ", k, " form ", form), arrays,
                        [&, m = m, n = n, k = k](Backend& b, DType type, auto& in, auto& out) {
                            b.gemm(type, ta, tb, m, n, k, in[0], lda, in[1], ldb, out[0], ldc, accumulate);
                        });
            }
    }
}

TEST_CASE("cuda attention: up to 128 tokens fused, more by products; causal rows") {
    const auto gpu = cuda_backend({Matmul::own});
    struct Case {
        int64_t batch, tokens, heads, width;
    };
    for (const Case& c : {Case{2, 31, 2, 8}, {1, 33, 3, 33}, {1, 128, 1, 5}, {2, 129, 1, 4}, {1, 40, 1, 300}})
        for (bool causal : {false, true}) {
            const int64_t n = c.batch * c.tokens * c.heads * c.width, p = c.batch * c.heads * c.tokens * c.tokens;
            // The probabilities are each backend's own matter.
            compare(*gpu, text("attention ", c.tokens, " ", c.width, causal ? " causal" : ""),
                    {{random(3 * n, 1, -2, 2), random(n, 2)}, {n, 3 * n}},
                    [&](Backend& b, DType type, auto& in, auto& out) {
                        Tensor kept(b, type, Shape{p});
                        b.attention(type, c.batch, c.tokens, c.heads, c.width, causal, in[0], kept.raw(), out[0]);
                        b.attention_grad(type, c.batch, c.tokens, c.heads, c.width, causal, in[0], kept.raw(), in[1],
                                         out[1]);
                    });
        }
}

TEST_CASE("cuda layer norm: groups, widths around a warp, sums over many rows") {
    const auto gpu = cuda_backend();
    struct Case {
        int64_t rows, width, groups;
        bool affine;
    };
    for (const Case& c :
         {Case{5, 31, 1, true}, {12, 33, 4, true}, {700, 40, 1, true}, {9, 129, 1, false}, {300, 8, 2, true}}) {
        const Arrays arrays = {
            {random(c.rows * c.width, 1), random(c.groups * c.width, 2), random(c.groups * c.width, 3),
             random(c.rows * c.width, 4)},
            {c.rows * c.width, c.rows, c.rows, c.rows * c.width, c.groups * c.width, c.groups * c.width}};
        compare(
            *gpu, text("layer_norm ", c.rows, " ", c.width, " ", c.groups), arrays,
            [&](Backend& b, DType type, auto& in, auto& out) {
                const void *gain = c.affine ? in[1] : nullptr, *bias = c.affine ? in[2] : nullptr;
                b.layer_norm(type, c.rows, c.width, c.groups, 1e-6, .5, in[0], gain, bias, out[0], out[1], out[2]);
                b.layer_norm_grad(type, c.rows, c.width, c.groups, .5, in[0], gain, out[1], out[2], in[3], out[3],
                                  c.affine ? out[4] : nullptr, c.affine ? out[5] : nullptr);
            },
            2e-5);
    }
}

TEST_CASE("cuda sums: every mixture of kept and summed axes, long ones in pieces") {
    const auto gpu = cuda_backend();
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
            t.sizes[axis] = c.sizes[size_t(axis)];
            t.a_step[axis] = all;
            if (c.kept[size_t(axis)]) t.b_step[axis] = kept, kept *= t.sizes[axis];
            all *= t.sizes[axis];
        }
        compare(*gpu, text("sum_to of rank ", t.rank, ", ", all), {{random(all, 1)}, {kept}},
                [&](Backend& b, DType type, auto& in, auto& out) { b.sum_to(type, t, in[0], out[0]); });
    }
    for (int64_t n : {0, 1, 31, 2049, 70000}) {
        const Tensor x = Tensor::from(*gpu, Shape{n}, random(n, 1));
        double want = 0;
        for (double v : random(n, 1)) want += v * v;
        CHECK(x.norm() == doctest::Approx(std::sqrt(want)).epsilon(1e-12));
        CHECK(x.cast(DType::f32).norm() == doctest::Approx(std::sqrt(want)).epsilon(1e-6));
        CHECK(same_in_each_order([&] { return x.norm(); }));
    }
    std::vector<double> spoilt = random(3000, 1);
    spoilt[2999] = std::nan("");
    CHECK(std::isnan(Tensor::from(*gpu, Shape{3000}, spoilt).norm()));
    spoilt[2999] = HUGE_VAL;
    CHECK(std::isinf(Tensor::from(*gpu, Shape{3000}, spoilt).norm()));
}

TEST_CASE("cuda sums: a figure is the sum, and what is not finite fails the step, on both backends") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    for (Backend* b : {gpu.get(), cpu.get()})
        for (DType type : {DType::f32, DType::f64})
            for (double value : {2.5, -double(HUGE_VAL), std::nan("")}) {
                Tensor y = Tensor::full(*b, DType::f64, Shape{1}, -1), failed = Tensor::zeros(*b, DType::f64, Shape{1});
                const Tensor x = Tensor::from(*b, Shape{3}, std::vector<double>{1, value, .25}).cast(type);
                auto figure = [&](int64_t n, double serial) {
                    const Tensor step = Tensor::full(*b, DType::f64, Shape{1}, serial);
                    b->figure(type, n, x.raw(), step.data<double>(), y.data<double>(), failed.data<double>());
                };
                figure(3, 7);
                CHECK(failed.item() == (value == 2.5 ? 0 : 7));
                if (value == 2.5) CHECK(y.item() == 3.75);
                if (value < 0) CHECK(y.item() == -HUGE_VAL);
                figure(1, 7);
                CHECK(y.item() == 1);
                y.fill(-1);
                figure(1, 8);  // of a later step: the numbers of the one that failed stay
                CHECK(y.item() == (value == 2.5 ? 1 : -1));
                CHECK(failed.item() == (value == 2.5 ? 0 : 7));
            }
}

TEST_CASE("cuda distances: all pairs, tails of tiles, the floor") {
    const auto gpu = cuda_backend({Matmul::own});
    struct Case {
        int64_t n, m, width;
    };
    for (const Case& c : {Case{1, 33, 2}, {65, 31, 40}, {300, 7, 3}})
        for (double floor : {1e-6, 1.5}) {
            const Arrays arrays = {{random(c.n * c.width, 1), random(c.m * c.width, 2), random(c.n * c.m, 3)},
                                   {c.n * c.m, c.n * c.width, c.m * c.width}};
            compare(
                *gpu, text("pairwise_distance ", c.n, " ", c.m, " ", c.width, " floor ", floor), arrays,
                [&](Backend& b, DType type, auto& in, auto& out) {
                    b.pairwise_distance(type, c.n, c.m, c.width, floor, in[0], in[1], out[0]);
                    b.pairwise_distance_grad(type, c.n, c.m, c.width, floor, in[0], in[1], out[0], in[2], out[1],
                                             out[2]);
                },
                2e-5);
        }
}

TEST_CASE("cuda rows: gather, and scatter with many equal rows, in one block and in several") {
    const auto gpu = cuda_backend();
    for (int64_t n : {1, 2, 48, 1024, 1025, 3000}) {
        std::vector<int64_t> index;
        Rng rng(7);
        for (int64_t i = 0; i < n; ++i) index.push_back(i % 3 == 0 ? 5 : rng.below(37));
        compare(*gpu, text("rows ", n), {{random(37 * 3, 1), random(n * 3, 2)}, {n * 3, 37 * 3}},
                [&](Backend& b, DType type, auto& in, auto& out) {
                    const Tensor rows = Tensor::from(b, Shape{n}, index);
                    b.gather_rows(type, n, 3, in[0], rows.data<int64_t>(), out[0]);
                    b.scatter_add_rows(type, n, 3, in[1], rows.data<int64_t>(), out[1]);
                });
    }
}

TEST_CASE("cuda elementwise: more elements than the grid has threads, broadcast over six axes") {
    const auto gpu = cuda_backend();
    const int64_t n = 13 * 256 + 77;
    const Tensor x = Tensor::full(*gpu, DType::f32, Shape{n}, 1.5);
    CHECK(affine(x, 2, -1).norm() == std::sqrt(4.0 * double(n)));
    Traversal t;
    t.rank = 6;
    int64_t all = 1;
    for (int axis = 5; axis >= 0; --axis) {
        t.sizes[axis] = 2 + axis % 2;
        t.a_step[axis] = axis % 2 ? all : 0;
        t.b_step[axis] = axis % 3 ? 0 : all;
        all *= t.sizes[axis];
    }
    compare(*gpu, "div over six axes", {{random(all, 1), random(all, 2, 1, 2), random(all, 3)}, {all, all, all}},
            [&](Backend& b, DType type, auto& in, auto& out) {
                b.binary(BinaryOp::div, type, t, in[0], in[1], out[0]);
                b.binary_grad(BinaryOp::div, type, t, in[0], in[1], in[2], false, out[1]);
                b.binary_grad(BinaryOp::div, type, t, in[0], in[1], in[2], true, out[2]);
            });
    compare(*gpu, "copy_rows", {{random(40 * 9, 1)}, {40 * 11}}, [&](Backend& b, DType type, auto& in, auto& out) {
        b.copy_rows(type, 40, 7, in[0], 9, out[0], 11, false);
        b.copy_rows(type, 39, 7, in[0], 9, out[0], 11, true);
    });
    const auto move = [](double clip, double failed) {
        return [clip, failed](Backend& b, DType type, auto& in, auto& out) {
            AdamConstants constants;
            constants.clip = clip;
            const Tensor factors = Tensor::from(b, Shape{3}, std::vector<double>{1e-1, .9999, 30}),
                         norm = Tensor::full(b, DType::f64, Shape{1}, 5),
                         rate = Tensor::full(b, DType::f64, Shape{1}, .25),
                         stop = Tensor::full(b, DType::f64, Shape{1}, failed);
            for (int k = 0; k < 3; ++k)
                b.adam(type, 1000, constants, factors.data<double>(), norm.data<double>(), stop.data<double>(), in[0],
                       out[0], out[1], out[2]);
            b.lerp(type, 1000, rate.data<double>(), stop.data<double>(), in[0], out[0]);
        };
    };
    const Arrays weights = {{random(1000, 1)}, {1000, 1000, 1000}};
    for (double clip : {0, 4, 6})  // none; smaller than the gradient's norm, larger
        compare(*gpu, text("adam and lerp, clip ", clip), weights, move(clip, 0));
    const auto cpu = make_cpu_backend();
    for (Backend* b : {gpu.get(), cpu.get()})  // once something was not finite, nothing changes
        CHECK(outputs_of(*b, DType::f32, weights, move(4, 1)) ==
              std::vector<std::vector<double>>(3, std::vector<double>(1000, 1)));
    compare(*gpu, "logsumexp", {{random(50 * 70, 1, -9, 9)}, {50 * 70, 50}},
            [&](Backend& b, DType type, auto& in, auto& out) { b.logsumexp(type, 50, 70, in[0], out[0], out[1]); });
    compare(*gpu, "cumsum", {{random(3 * 9 * 50, 1)}, {3 * 9 * 50, 3 * 9 * 50}},
            [&](Backend& b, DType type, auto& in, auto& out) {
                b.cumsum(type, 3, 9, 50, false, in[0], out[0]);
                b.cumsum(type, 3, 9, 50, true, in[0], out[1]);
            });
}

TEST_CASE("cuda casts: every pair of types, as C++ converts") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    const std::vector<double> values = {0, 1, 2.75, 100.5, 200};
    for (DType from : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8})
        for (DType to : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}) {
            auto through = [&](Backend& b) {
                return Tensor::from(b, Shape{5}, values).cast(from).cast(to).cast(DType::f64).to_vector<double>();
            };
            CHECK(through(*gpu) == through(*cpu));
            CHECK(Tensor::full(*gpu, to, Shape{40}, 7).cast(DType::f64).to_vector<double>() ==
                  std::vector<double>(40, 7));
        }
}

TEST_CASE("cuda random: words and uniforms are the host's, bit for bit, from any place of a stream; normals nearly") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    for (int skipped : {0, 1, 2, 3, 5})
        for (int64_t n : {0, 1, 2, 33, 7001}) {
            Rng rng = Rng(0x123456789ABCDEFu).stream("test");
            for (int i = 0; i < skipped; ++i) rng.next();
            const Shape shape{n};
            const std::array<int64_t, 3> state = Rng::pack(rng.state());
            const Tensor on_gpu = Tensor::from(*gpu, Shape{3}, state.data()),
                         on_cpu = Tensor::from(*cpu, Shape{3}, state.data());
            CHECK(Tensor::uniform(shape, -3, 7, on_gpu).to_vector<float>() ==
                  Tensor::uniform(shape, -3, 7, on_cpu).to_vector<float>());
            // [0, 2^24) gives the upper 24 bits of every word.
            CHECK(Tensor::uniform(shape, 0, 1 << 24, on_gpu).to_vector<float>() ==
                  Tensor::uniform(shape, 0, 1 << 24, on_cpu).to_vector<float>());
            const auto got = Tensor::normal(shape, on_gpu).to_vector<float>(),
                       want = Tensor::normal(shape, on_cpu).to_vector<float>();
            CHECK(relative_difference({got.begin(), got.end()}, {want.begin(), want.end()}) < 1e-6);
        }
}

TEST_CASE("cuda nearest: the nearest of few and of many points, on both backends, in every thread order") {
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    struct Case {
        int64_t n, m, width;
    };
    for (const Case& c : {Case{1, 1, 3}, {70, 5, 2}, {40, 33, 40}, {600, 100, 8}})
        for (DType type : {DType::f32, DType::f64}) {
            auto nearest = [&](Backend& b) {
                const Tensor x = Tensor::from(b, Shape{c.n, c.width}, random(c.n * c.width, 1)).cast(type);
                const Tensor points = Tensor::from(b, Shape{c.m, c.width}, random(c.m * c.width, 2)).cast(type);
                Tensor found(b, DType::i64, Shape{c.n});
                b.nearest_rows(type, c.n, c.m, c.width, x.raw(), points.raw(), found.data<int64_t>());
                return found.to_vector<int64_t>();
            };
            std::vector<int64_t> want;  // by hand
            const auto x = random(c.n * c.width, 1), points = random(c.m * c.width, 2);
            for (int64_t i = 0; i < c.n; ++i) {
                double least = HUGE_VAL;
                want.push_back(-1);
                for (int64_t j = 0; j < c.m; ++j) {
                    double square = 0;
                    for (int64_t w = 0; w < c.width; ++w)
                        square += std::pow(x[size_t(i * c.width + w)] - points[size_t(j * c.width + w)], 2);
                    if (square < least) least = square, want.back() = j;
                }
            }
            CHECK(nearest(*gpu) == want);
            CHECK(nearest(*cpu) == want);
            CHECK(same_in_each_order([&] { return nearest(*gpu); }));
        }
}

TEST_CASE(
    "cuda linear: bias, activation, its slope and gradients, weights as they lie or transposed, with and without "
    "cuBLAS") {
    for (bool own : {true, false}) {
        const auto gpu = cuda_backend({own ? Matmul::own : Matmul::f32});
        for (bool transposed : {false, true})
            for (int form = 0; form < 4; ++form) {
                const int64_t m = 67, n = 35, k = 19;
                const UnaryOp gelu_op = UnaryOp::gelu;
                const bool with_bias = form & 1, activated = form & 2;
                compare(
                    *gpu, text("linear ", own, transposed, form),
                    {{random(m * k, 1), random(k * n, 2), random(n, 3), random(m * n, 4)}, {m * n, m * n, m * n, n, n}},
                    [&](Backend& b, DType type, auto& in, auto& out) {
                        Tensor packed;
                        const void* w = in[1];
                        if (const int64_t size = b.packed_size(type, k, n)) {
                            packed = Tensor(b, type, Shape{size});
                            b.pack(type, transposed, k, n, w, packed.raw());
                            w = packed.raw();
                        }
                        void* slope = activated ? out[0] : nullptr;
                        b.linear(type, m, n, k, in[0], w, transposed, with_bias ? in[2] : nullptr,
                                 activated ? &gelu_op : nullptr, slope, out[1]);
                        b.linear_grad(type, m, n, in[3], slope, out[2], out[3], true);
                        b.linear_grad(type, m, n, in[3], slope, out[2], out[4], false);
                        b.linear_grad(type, m, n, in[3], slope, out[2], nullptr, false);
                    });
            }
    }
}

TEST_CASE("cuda linear finished by the built-in product: what gemm, add, unary and its gradient give one by one") {
    const auto gpu = cuda_backend({Matmul::own});
    struct Case {
        int64_t m, n, k;
    };
    // None, those of layers, and another.
    const UnaryOp relu_op = UnaryOp::relu, silu_op = UnaryOp::silu, gelu_op = UnaryOp::gelu, tanh_op = UnaryOp::tanh;
    const UnaryOp* const activations[] = {nullptr, &relu_op, &silu_op, &gelu_op, &tanh_op};
    int form = 0;  // bias and slope, or not: every pair with every activation over the sizes
    // One tile and several, tails of each size, nothing to add up; the last two are cut along k.
    for (const Case& c :
         {Case{1, 1, 1}, {64, 64, 16}, {65, 63, 17}, {130, 67, 33}, {3, 70, 0}, {7, 9, 600}, {66, 3, 520}})
        for (const UnaryOp* activation : activations) {
            const bool with_bias = form & 1, with_slope = form & 2;
            const int64_t all = c.m * c.n;
            ++form;
            compare(
                *gpu,
                text("linear ", c.m, " ", c.n, " ", c.k, " ", activation ? op_name(*activation) : "none",
                     with_bias ? " bias" : "", with_slope ? " slope" : ""),
                {{random(c.m * c.k, 1), random(c.k * c.n, 2, -.2, .2), random(c.n, 3)}, {all, all}},
                [&](Backend& b, DType type, auto& in, auto& out) {
                    const void* bias = with_bias ? in[2] : nullptr;
                    void *slope = with_slope ? out[0] : nullptr, *y = out[1];
                    if (&b == gpu.get())
                        return b.linear(type, c.m, c.n, c.k, in[0], in[1], false, bias, activation, slope, y);
                    Tensor z = Tensor::zeros(b, type, Shape{all});
                    const Tensor ones = Tensor::full(b, type, Shape{all}, 1);
                    if (bias) b.copy_rows(type, c.m, c.n, bias, 0, z.raw(), c.n, false);
                    b.gemm(type, false, false, c.m, c.n, c.k, in[0], c.k, in[1], c.n, z.raw(), c.n, true);
                    const UnaryOp op = activation ? *activation : UnaryOp::affine;  // 1 z + 0
                    b.unary(op, type, all, z.raw(), 1, 0, y);
                    if (slope) b.unary_grad(op, type, all, z.raw(), y, ones.raw(), 1, 0, slope);
                },
                1e-5);
        }
}
