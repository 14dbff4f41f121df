// The CPU kernels as tables of functions, one table per instruction set.
//
// kernels_impl.inl is compiled once per instruction set (kernels_portable.cpp, kernels_avx2.cpp, kernels_avx512.cpp),
// each time with different compiler flags and vector widths. cpu_backend.cpp selects a table at start. All kernels are
// single-threaded; threads work on different chunks of a batch.
#pragma once

#include <cstdint>

#include "tensor/optimiser_formulas.h"

namespace astro::cpu {

template <class T>
struct Kernels {
    void (*copy_rows)(int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y, int64_t y_stride,
                      bool accumulate);
    void (*unary)(UnaryOp op, int64_t n, const T* x, T p, T q, T* y);
    void (*unary_grad)(UnaryOp op, int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx);
    void (*binary)(BinaryOp op, const Traversal& t, const T* a, const T* b, T* y);
    void (*binary_grad)(BinaryOp op, const Traversal& t, const T* a, const T* b, const T* gy, bool second, T* g);
    void (*sum_to)(const Traversal& t, const T* x, T* y);
    // workspace, here and below: gemm_workspace<T>() elements.
    void (*gemm)(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
                 T* c, int64_t ldc, bool accumulate, T* workspace);
    int64_t (*packed_size)(int64_t k, int64_t n);
    void (*pack_matrix)(bool tb, int64_t k, int64_t n, const T* b, int64_t ldb, T* packed);
    void (*linear)(int64_t m, int64_t n, int64_t k, const T* x, const T* packed, const T* bias,
                   const UnaryOp* activation, T* slope, T* y);
    void (*linear_grad)(int64_t m, int64_t n, const T* gy, const T* slope, T* gz, T* gbias, bool accumulate);
    void (*layer_norm)(int64_t rows, int64_t width, int64_t groups, T epsilon, T offset, const T* x, const T* gain,
                       const T* bias, T* y, T* mean, T* rstd);
    void (*layer_norm_grad)(int64_t rows, int64_t width, int64_t groups, T offset, const T* x, const T* gain,
                            const T* mean, const T* rstd, const T* gy, T* gx, T* ggain, T* gbias);
    void (*gated_linear)(int64_t m, int64_t n, int64_t k, int64_t groups, const T* h, const T* packed, const T* bias,
                         const T* x, const T* gate, T* z, T* y);
    void (*gated_linear_grad)(int64_t m, int64_t n, int64_t groups, const T* gate, const T* z, const T* gy, T* ggate,
                              T* gz);
    void (*attention)(int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal, const T* qkv,
                      T* probabilities, T* y, T* workspace);
    // scratch: tokens * tokens elements.
    void (*attention_grad)(int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, const T* qkv,
                           const T* probabilities, const T* gy, T* gqkv, T* workspace, T* scratch);
    void (*logsumexp)(int64_t rows, int64_t columns, const T* x, T* softmax, T* y);
    // scratch: m * width elements for the distance, n * m for the gradient.
    void (*pairwise_distance)(int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, T* y, T* scratch);
    void (*pairwise_distance_grad)(int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, const T* y,
                                   const T* gy, T* ga, T* gb, T* workspace, T* scratch);
    void (*adam)(int64_t n, const AdamStep<T>& step, const T* g, T* w, T* m, T* v);
    void (*lerp)(int64_t n, T rate, const T* towards, T* y);
    double (*sum_of_squares)(int64_t n, const T* x);
    int64_t (*peak_loop)(int64_t rounds);  // returns its number of floating-point operations
};

// The names of the members. kernels_impl.inl defines a kernel of each name.
// clang-format off
#define ASTRO_CPU_KERNELS(X) \
    X(copy_rows) X(unary) X(unary_grad) X(binary) X(binary_grad) X(sum_to) X(gemm) X(packed_size) X(pack_matrix) \
    X(linear) X(linear_grad) X(layer_norm) X(layer_norm_grad) X(gated_linear) X(gated_linear_grad) X(attention) \
    X(attention_grad) X(logsumexp) X(pairwise_distance) X(pairwise_distance_grad) X(adam) X(lerp) \
    X(sum_of_squares) X(peak_loop)
// clang-format on

// Block sizes of matrix products along m, k and n.
constexpr int64_t kGemmBlockM = 192, kGemmBlockK = 256, kGemmBlockN = 512;
// Number of workspace elements that gemm needs, for any size.
template <class T>
constexpr int64_t gemm_workspace() {
    return kGemmBlockK * (kGemmBlockN + 64);
}

struct KernelTables {
    const char* isa;
    Kernels<float> f32;
    Kernels<double> f64;
};

KernelTables portable_kernels();
#if defined(__x86_64__)
KernelTables avx2_kernels();
KernelTables avx512_kernels();
#endif

}  // namespace astro::cpu
