// Batched matrix products: c (m, n) (+)= op(a) op(b).
//
// A block computes a tile of kTile x kTile elements; each of its 256 threads holds 4 x 4 sums. Slices of a and b of
// depth kDepth pass through two buffers in shared memory. While one slice is multiplied, the next one is loaded from
// global memory, so there is one barrier per slice. Products with a long k and a small result (weight gradients) are
// split along k into pieces (cuts.h); a second launch adds the pieces in order.
//
// The epilogue of a linear layer (bias and activation, or bias, gate and residual) is applied to a tile before it is
// written. Two cases use a separate pass instead: products that are split along k, since no piece has the complete sum
// (c is then small, at most 128 tiles); and f64, which serves for checks only and whose fused kernel would spill
// registers.
#include <type_traits>

#include "tensor/cuda/bias_activation.cuh"
#include "tensor/cuda/cuts.h"
#include "tensor/cuda/gated_linear.cuh"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kTile = kProductTile, kDepth = kProductDepth;
constexpr int kThreads = 256, kEach = 4;           // each thread computes kEach x kEach elements of c
constexpr int kLoads = kTile * kDepth / kThreads;  // elements of a slice that a thread loads
constexpr int kRow = kTile + 4;                    // row stride of a slice, padded to avoid bank conflicts

struct Operand {
    int64_t wide = 0, deep = 0;  // strides along m or n, and along k
    BatchStep batch;
};

struct Plan {
    int64_t m = 0, n = 0, k = 0, ldc = 0, tiles = 0, tiles_n = 0;
    bool accumulate = false;
    int64_t products = 1, inner = 1;  // outer * inner products
    int64_t pieces = 1, piece = 0;    // k is split into pieces of `piece`; grid = pieces * products * tiles
    Operand a, b;
    BatchStep c;
};

// Which elements of a slice a thread loads. Adjacent threads load adjacent elements along the contiguous axis.
struct Fetch {
    int wide, deep, wide_step, deep_step;
};

__device__ inline Fetch fetch_plan(const Operand& x, int t) {
    if (x.wide == 1) return {t % kTile, t / kTile, 0, kThreads / kTile};
    return {t / kDepth, t % kDepth, kThreads / kDepth, 0};
}

template <class T>
__device__ inline void fetch(const Operand& x, const Fetch& f, const T* from, int64_t wide0, int64_t wide_end,
                             int64_t deep0, int64_t deep_end, T (&held)[kLoads]) {
    for (int i = 0; i < kLoads; ++i) {
        const int64_t w = wide0 + f.wide + i * f.wide_step, p = deep0 + f.deep + i * f.deep_step;
        held[i] = w < wide_end && p < deep_end ? from[w * x.wide + p * x.deep] : T(0);
    }
}

template <class T>
__device__ inline void keep(const Fetch& f, const T (&held)[kLoads], T (&slice)[kDepth][kRow]) {
    for (int i = 0; i < kLoads; ++i) slice[f.deep + i * f.deep_step][f.wide + i * f.wide_step] = held[i];
}

// Epilogues of a product, which write element `at` of c: NoEpilogue, BiasActivation or Gated
// (gated_linear.cuh).
struct NoEpilogue {};

template <class T>
struct BiasActivation {
    const T* bias = nullptr;
    bool activated = false;
    UnaryOp activation = UnaryOp::affine;
    T* slope = nullptr;  // has the layout of c

    // The activation is selected at run time. One kernel per activation would multiply the size of the program.
    __device__ void write(T product, int64_t column, T* y, int64_t at) const {
        if (!activated) return apply_bias_activation<Identity>(product, bias, column, slope, y, at);
        visit_unary(activation,
                    [&](auto f) { apply_bias_activation<decltype(f)>(product, bias, column, slope, y, at); });
    }
};

// Writes products to c or, if k is split, to partial (pieces, products, m, n). Epilogues require that k is not split
// and that plan.accumulate is false.
template <class T, class Epilogue>
__global__ void __launch_bounds__(kThreads)
    gemm_kernel(Plan plan, const T* a, const T* b, T* c, T* partial, Epilogue epilogue) {
    constexpr bool kFused = !std::is_same_v<Epilogue, NoEpilogue>;
    __shared__ T slices[2][2][kDepth][kRow];
    static_assert(2 * 2 * kDepth >= kTile, "a tile of c must fit in the memory of the slices");
    auto &slice_a = slices[0], &slice_b = slices[1];
    [[maybe_unused]] constexpr int kUnroll = kFused ? kDepth / 2 : kDepth;  // less unrolling avoids register spills
    const int t = static_cast<int>(threadIdx.x);
    const int row = t / (kTile / kEach) * kEach, column = t % (kTile / kEach) * kEach;
    const int64_t task = gpu::quotient(blockIdx.x, plan.tiles), tile = blockIdx.x - task * plan.tiles;
    const int64_t piece = gpu::quotient(task, plan.products), product = task - piece * plan.products;
    const int64_t outer = gpu::quotient(product, plan.inner), inner = product - outer * plan.inner;
    a += outer * plan.a.batch.outer + inner * plan.a.batch.inner;
    b += outer * plan.b.batch.outer + inner * plan.b.batch.inner;
    c += outer * plan.c.outer + inner * plan.c.inner;
    const int64_t k0 = piece * plan.piece, k1 = k0 + plan.piece < plan.k ? k0 + plan.piece : plan.k;
    const int64_t tile_m = gpu::quotient(tile, plan.tiles_n), m0 = tile_m * kTile,
                  n0 = (tile - tile_m * plan.tiles_n) * kTile;
    const Fetch fetch_a = fetch_plan(plan.a, t), fetch_b = fetch_plan(plan.b, t);
    T held_a[kLoads], held_b[kLoads], sum[kEach][kEach] = {};
    fetch(plan.a, fetch_a, a, m0, plan.m, k0, k1, held_a);
    fetch(plan.b, fetch_b, b, n0, plan.n, k0, k1, held_b);
    int buffer = 0;
    for (int64_t p0 = k0; p0 < k1; p0 += kDepth) {
        keep(fetch_a, held_a, slice_a[buffer]);
        keep(fetch_b, held_b, slice_b[buffer]);
        __syncthreads();  // one barrier suffices for two buffers: no thread is two slices ahead of another
        fetch(plan.a, fetch_a, a, m0, plan.m, p0 + kDepth, k1, held_a);
        fetch(plan.b, fetch_b, b, n0, plan.n, p0 + kDepth, k1, held_b);
#pragma unroll kUnroll
        for (int p = 0; p < kDepth; ++p) {
            T x[kEach], y[kEach];
            for (int i = 0; i < kEach; ++i) x[i] = slice_a[buffer][p][row + i];
            for (int j = 0; j < kEach; ++j) y[j] = slice_b[buffer][p][column + j];
            for (int i = 0; i < kEach; ++i)
                for (int j = 0; j < kEach; ++j) sum[i][j] += x[i] * y[j];
        }
        buffer = 1 - buffer;
    }
    if constexpr (!kFused) {
        for (int i = 0; i < kEach; ++i)
            for (int j = 0; j < kEach; ++j) {
                const int64_t at_m = m0 + row + i, at_n = n0 + column + j;
                if (at_m >= plan.m || at_n >= plan.n) continue;
                if (plan.pieces > 1) {
                    partial[(task * plan.m + at_m) * plan.n + at_n] = sum[i][j];
                } else {
                    T* to = c + at_m * plan.ldc + at_n;
                    *to = plan.accumulate ? *to + sum[i][j] : sum[i][j];
                }
            }
    } else {  // via shared memory, so that few registers are needed and writes are coalesced
        T* z = &slices[0][0][0][0];
        __syncthreads();  // the last slices have been read
        for (int i = 0; i < kEach; ++i)
            for (int j = 0; j < kEach; ++j) z[(row + i) * kRow + column + j] = sum[i][j];
        __syncthreads();  // the tile is complete
#pragma unroll 1
        for (int e = t; e < kTile * kTile; e += kThreads) {
            const int64_t at_m = m0 + e / kTile, at_n = n0 + e % kTile;
            if (at_m < plan.m && at_n < plan.n)
                epilogue.write(z[e / kTile * kRow + e % kTile], at_n, c, at_m * plan.ldc + at_n);
        }
    }
}

template <class T>
__global__ void gemm_pieces_kernel(Plan plan, const T* partial, T* c) {
    const int64_t size = plan.m * plan.n, all = plan.products * size;
    for (int64_t i = gpu::thread(); i < all; i += gpu::threads()) {
        const int64_t product = gpu::quotient(i, size), within = i - product * size;
        const int64_t outer = gpu::quotient(product, plan.inner), inner = product - outer * plan.inner;
        const int64_t row = gpu::quotient(within, plan.n);
        T sum = 0;
        for (int64_t p = 0; p < plan.pieces; ++p) sum += partial[p * all + i];
        T* to = c + outer * plan.c.outer + inner * plan.c.inner + row * plan.ldc + within - row * plan.n;
        *to = plan.accumulate ? *to + sum : sum;
    }
}

Plan plan_of(const GemmShape& s) {
    Plan plan;
    plan.products = s.outer * s.inner;
    plan.m = s.m, plan.n = s.n, plan.k = s.k, plan.ldc = s.ldc;
    plan.accumulate = s.accumulate;
    plan.inner = s.inner;
    plan.a = {s.transpose_a ? 1 : s.lda, s.transpose_a ? s.lda : 1, s.a};
    plan.b = {s.transpose_b ? s.ldb : 1, s.transpose_b ? 1 : s.ldb, s.b};
    plan.c = s.c;
    plan.tiles_n = (s.n + kTile - 1) / kTile;
    plan.tiles = (s.m + kTile - 1) / kTile * plan.tiles_n;
    plan.pieces = product_pieces(s.m, s.n, s.k, plan.products);
    plan.piece = ((s.k + plan.pieces - 1) / plan.pieces + kDepth - 1) / kDepth * kDepth;
    return plan;
}

template <class T, class Epilogue>
void launch(const Device& d, const Plan& plan, const T* a, const T* b, T* c, T* partial, const Epilogue& epilogue) {
    const int64_t grid = plan.pieces * plan.products * plan.tiles;
    if (grid == 0) return;
    ASTRO_CHECK(grid <= 0x7fffffff, "gemm: ", plan.products, " products of ", plan.m, " x ", plan.n,
                " are too many for one launch");
    gpu::launch<gemm_kernel<T, Epilogue>>(static_cast<unsigned>(grid), kThreads, 0, d.stream, plan, a, b, c, partial,
                                          epilogue);
}

}  // namespace

template <class T>
void gemm(const Device& d, const GemmShape& s, const T* a, const T* b, T* c) {
    const Plan plan = plan_of(s);
    const int64_t elements = plan.products * s.m * s.n;
    Scratch<T> partial(d, plan.pieces > 1 ? plan.pieces * elements : 0);
    launch(d, plan, a, b, c, partial.get(), NoEpilogue());
    if (plan.pieces > 1)
        gpu::launch<gemm_pieces_kernel<T>>(gpu::blocks(elements, 256), 256, 0, d.stream, plan,
                                           static_cast<const T*>(partial.get()), c);
}

template <class T>
void linear(const Device& d, const GemmShape& s, const T* a, const T* b, const T* bias, const UnaryOp* activation,
            T* slope, T* c) {
    if constexpr (std::is_same_v<T, float>) {
        const Plan plan = plan_of(s);
        const BiasActivation<T> epilogue{bias, activation != nullptr, activation ? *activation : UnaryOp::affine,
                                         slope};
        if (plan.pieces == 1 && (bias || activation || slope))
            return launch(d, plan, a, b, c, static_cast<T*>(nullptr), epilogue);
    }
    gemm(d, s, a, b, c);
    bias_activation(d, s.m, s.n, static_cast<const T*>(c), bias, activation, slope, c);
}

template <class T>
void gated_linear(const Device& d, const GemmShape& s, const T* a, const T* b, int64_t groups, const T* bias,
                  const T* x, const T* gate, T* z, T* y) {
    if (s.m == 0) return;
    if constexpr (std::is_same_v<T, float>) {
        const Plan plan = plan_of(s);
        const Gated<T> epilogue{bias, x, gate, z, s.n, s.m / groups * s.n};
        if (plan.pieces == 1) return launch(d, plan, a, b, y, static_cast<T*>(nullptr), epilogue);
    }
    gemm(d, s, a, b, y);
    gated_add(d, s.m, s.n, groups, bias, x, gate, z, y);
}

#define ASTRO_FOR(T)                                                                                                \
    template void gemm<T>(const Device&, const GemmShape&, const T*, const T*, T*);                                 \
    template void linear<T>(const Device&, const GemmShape&, const T*, const T*, const T*, const UnaryOp*, T*, T*); \
    template void gated_linear<T>(const Device&, const GemmShape&, const T*, const T*, int64_t, const T*, const T*, \
                                  const T*, T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
