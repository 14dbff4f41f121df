// Functions that launch the kernels on the stream of a device; tensor/backend.h defines what each computes. T is float
// or double. Nothing is launched for empty arrays.
#pragma once

#include "tensor/cuda/device.h"
#include "tensor/optimiser_formulas.h"

namespace astro::cuda {

// elementwise.cu
template <class T>
void fill(const Device& d, int64_t n, T value, T* y);
template <class A, class B>
void cast(const Device& d, int64_t n, const A* x, B* y);
template <class T>
void copy_rows(const Device& d, int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y, int64_t y_stride,
               bool accumulate);
template <class T>
void unary(const Device& d, UnaryOp op, int64_t n, const T* x, T p, T q, T* y);
template <class T>
void unary_grad(const Device& d, UnaryOp op, int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx);
template <class T>
void cumsum(const Device& d, int64_t outer, int64_t length, int64_t inner, bool reverse, const T* x, T* y);

// broadcast.cu
template <class T>
void binary(const Device& d, BinaryOp op, const Traversal& t, const T* a, const T* b, T* y);
template <class T>
void binary_grad(const Device& d, BinaryOp op, const Traversal& t, const T* a, const T* b, const T* gy, bool second,
                 T* g);

// reduce.cu
template <class T>
void sum_to(const Device& d, const Traversal& t, const T* x, T* y);
template <class T>
void norm(const Device& d, int64_t n, const T* x, double* y);
template <class T>
void record_metric(const Device& d, int64_t n, const T* x, const double* serial, double* y, double* failed);

// gemm.cu
// Strides between the matrices of a batch with indices (outer, inner), in elements.
struct BatchStep {
    int64_t outer = 0, inner = 0;
};
struct GemmShape {
    bool transpose_a = false, transpose_b = false;
    int64_t m = 0, n = 0, k = 0, lda = 0, ldb = 0, ldc = 0;
    bool accumulate = false;
    int64_t outer = 1, inner = 1;  // sizes of the batch
    BatchStep a, b, c;
};
template <class T>
void gemm(const Device& d, const GemmShape& shape, const T* a, const T* b, T* c);
// gemm followed by bias_activation on c. Requires a single product, no accumulation, and contiguous c.
template <class T>
void linear(const Device& d, const GemmShape& shape, const T* a, const T* b, const T* bias, const UnaryOp* activation,
            T* slope, T* c);
// gemm followed by gated_add on y, with the same requirements.
template <class T>
void gated_linear(const Device& d, const GemmShape& shape, const T* a, const T* b, int64_t groups, const T* bias,
                  const T* x, const T* gate, T* z, T* y);

// bias_activation.cu
// y = f(z), z = x + bias, for rows of `width` elements. bias and activation may be null. If slope is not null, it
// receives f'(z). x may equal y.
template <class T>
void bias_activation(const Device& d, int64_t rows, int64_t width, const T* x, const T* bias, const UnaryOp* activation,
                     T* slope, T* y);
template <class T>
void linear_grad(const Device& d, int64_t rows, int64_t width, const T* gy, const T* slope, T* gz, T* gbias,
                 bool accumulate);

// normalise.cu
template <class T>
void layer_norm(const Device& d, int64_t rows, int64_t width, int64_t groups, T epsilon, T offset, const T* x,
                const T* gain, const T* bias, T* y, T* mean, T* rstd);
template <class T>
void layer_norm_grad(const Device& d, int64_t rows, int64_t width, int64_t groups, T offset, const T* x, const T* gain,
                     const T* mean, const T* rstd, const T* gy, T* gx, T* ggain, T* gbias);
template <class T>
void logsumexp(const Device& d, int64_t rows, int64_t columns, const T* x, T* softmax, T* y);

// gated_linear.cu
// y = x + gate[g] * z, z = y + bias, where y initially holds the product. If z is not null, it receives z.
template <class T>
void gated_add(const Device& d, int64_t rows, int64_t width, int64_t groups, const T* bias, const T* x, const T* gate,
               T* z, T* y);
template <class T>
void gated_linear_grad(const Device& d, int64_t rows, int64_t width, int64_t groups, const T* gate, const T* z,
                       const T* gy, T* ggate, T* gz);

// attention.cu
struct AttentionShape {
    int64_t batch, tokens, heads, head_dim;
    bool causal;
};
template <class T>
void attention(const Device& d, const AttentionShape& s, const T* qkv, T* probabilities, T* y);
template <class T>
void attention_grad(const Device& d, const AttentionShape& s, const T* qkv, const T* probabilities, const T* gy,
                    T* gqkv);

// distance.cu
template <class T>
void pairwise_distance(const Device& d, int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, T* y);
template <class T>
void pairwise_distance_grad(const Device& d, int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b,
                            const T* y, const T* gy, T* ga, T* gb);
// m >= 1.
template <class T>
void nearest_rows(const Device& d, int64_t n, int64_t m, int64_t width, const T* x, const T* points, int64_t* nearest);

// rows.cu
template <class T>
void gather_rows(const Device& d, int64_t n, int64_t width, const T* x, const int64_t* index, T* y);
template <class T>
void scatter_add_rows(const Device& d, int64_t n, int64_t width, const T* gy, const int64_t* index, T* gx);

// random.cu
void random_uniform(const Device& d, int64_t n, const int64_t* state, float low, float high, float* y);
void random_normal(const Device& d, int64_t n, const int64_t* state, float* y);

// optimise.cu
template <class T>
void adam(const Device& d, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
          const double* failed, const T* g, T* w, T* m, T* v);
template <class T>
void lerp(const Device& d, int64_t n, const double* rate, const double* failed, const T* towards, T* y);

}  // namespace astro::cuda
