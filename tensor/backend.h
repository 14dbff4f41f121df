// The interface that every device implements: kernels over raw pointers and sizes.
//
// The interface is small and knows nothing of tensors, so each kernel can be read and tested alone. Every operation is
// a pure virtual function, so an implementation that compiles is complete. Shapes, broadcasting rules and gradients are
// handled above this layer (tensor/ops).
//
// Conventions, unless stated otherwise: arrays are dense and row-major; `type` is f32 or f64; outputs do not overlap
// inputs; arrays may be empty. "(+)=" means += if `accumulate` is true, and = otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tensor/allocator.h"
#include "tensor/dtype.h"
#include "tensor/rng.h"
#include "tensor/scalar_ops.h"

namespace astro {

// How an elementwise operation walks two arrays. `sizes` is the shape of the result, outermost axis first. `a_step` and
// `b_step` are the strides of a and b along each axis, in elements; 0 along a broadcast axis. rank >= 1.
struct Traversal {
    int rank = 0;
    int64_t sizes[6] = {}, a_step[6] = {}, b_step[6] = {};

    static Traversal flat(int64_t n) {  // two contiguous arrays of n elements
        Traversal t;
        t.rank = 1, t.sizes[0] = n, t.a_step[0] = t.b_step[0] = 1;
        return t;
    }
};

// Adam's constants. If the gradient norm exceeds `clip`, the gradient is scaled down to that norm. 0 disables clipping.
struct AdamConstants {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, clip = 0;
};

// A recorded sequence of backend calls that can be replayed, such as a CUDA graph. The memory that the calls use stays
// reserved for as long as this object exists.
class CapturedWork {
  public:
    virtual ~CapturedWork() = default;
    virtual void replay() = 0;
};

class Backend {
  public:
    virtual ~Backend() = default;
    virtual std::string name() const = 0;
    virtual Allocator& allocator() = 0;

    // Memory.
    virtual void upload(void* to, const void* from_host, int64_t bytes) = 0;
    virtual void download(void* to_host, const void* from, int64_t bytes) = 0;
    virtual void copy(void* to, const void* from, int64_t bytes) = 0;
    virtual void fill(DType type, int64_t n, double value, void* y) = 0;
    virtual void cast(DType from, const void* x, DType to, void* y, int64_t n) = 0;
    // y[r, 0..columns) (+)= x[r, 0..columns) with row strides in elements.
    virtual void copy_rows(DType type, int64_t rows, int64_t columns, const void* x, int64_t x_stride, void* y,
                           int64_t y_stride, bool accumulate) = 0;

    // Elementwise.
    virtual void unary(UnaryOp op, DType type, int64_t n, const void* x, double p, double q, void* y) = 0;
    virtual void unary_grad(UnaryOp op, DType type, int64_t n, const void* x, const void* y, const void* gy, double p,
                            double q, void* gx) = 0;
    virtual void binary(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, void* y) = 0;
    // g[i] = gy[i] * df/d(first or second), at the size of the output.
    virtual void binary_grad(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, const void* gy,
                             bool second, void* g) = 0;
    // y += x, where x is dense with the traversal's sizes and y has strides b_step: the adjoint of broadcasting.
    virtual void sum_to(DType type, const Traversal& t, const void* x, void* y) = 0;
    virtual void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                        void* y) = 0;

    // c (m, n) (+)= op(a) op(b); leading dimensions in elements.
    virtual void gemm(DType type, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void* a,
                      int64_t lda, const void* b, int64_t ldb, void* c, int64_t ldc, bool accumulate) = 0;

    // Weights are reused by many products, so a backend may convert them once to a layout that suits its kernels.
    // packed_size: the number of elements of op(w) (k, n) in that layout, or 0 if this backend uses weights unpacked.
    // pack: w is (k, n), or (n, k) if transpose_w is true.
    virtual int64_t packed_size(DType type, int64_t k, int64_t n) const = 0;
    virtual void pack(DType type, bool transpose_w, int64_t k, int64_t n, const void* w, void* packed) = 0;
    // y (m, n) = f(z), z = x (m, k) op(w) (k, n) + bias (n): gemm, add and unary fused. w is packed with the same
    // transpose_w, unless packed_size is 0. bias and activation may be null. If slope (m, n) is not null, it receives
    // f'(z) for the gradient; this requires an activation. The activation must be an op without constants p and q.
    virtual void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool transpose_w,
                        const void* bias, const UnaryOp* activation, void* slope, void* y) = 0;

    // Gradients of z and of the bias, given the gradient gy of y: gz = gy * slope elementwise, and
    // gbias[j] (+)= sum_i gz[i, j] unless gbias is null. If slope is null, gz equals gy and is not written.
    virtual void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                             bool accumulate) = 0;

    // y (m, n) = x (m, n) + gate[g] * z, z = h (m, k) w (k, n) + bias (n), gate (groups, n), g = row / (m / groups). w
    // is packed as for linear. If z (m, n) is not null, it is stored for the gradient of the gate.
    virtual void gated_linear(DType type, int64_t m, int64_t n, int64_t k, int64_t groups, const void* h, const void* w,
                              const void* bias, const void* x, const void* gate, void* z, void* y) = 0;
    // Gradients of z and of the gate, given the gradient gy of y. Both are overwritten. The gradient of x is gy itself.
    // If ggate is null, z is not read and may be null.
    virtual void gated_linear_grad(DType type, int64_t m, int64_t n, int64_t groups, const void* gate, const void* z,
                                   const void* gy, void* ggate, void* gz) = 0;

    // x (rows, width) -> y = (x - mean) * rstd * (offset + gain[g]) + bias[g], g = row / (rows / groups). gain and bias
    // are (groups, width), or null. mean and rstd (rows) are outputs that the gradient needs.
    virtual void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                            const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) = 0;
    // gx, ggain and gbias (groups, width) are overwritten; ggain and gbias may be null.
    virtual void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                                 const void* gain, const void* mean, const void* rstd, const void* gy, void* gx,
                                 void* ggain, void* gbias) = 0;

    // qkv (batch, tokens, 3, heads, head_dim) -> y (batch, tokens, heads, head_dim). Scores are scaled by
    // head_dim^-1/2. probabilities (batch, heads, tokens, tokens) is an output that the gradient needs; the order of
    // its last two axes, and whether it is used at all, is up to the backend.
    virtual void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                           const void* qkv, void* probabilities, void* y) = 0;
    virtual void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                                const void* qkv, const void* probabilities, const void* gy, void* gqkv) = 0;

    // y[i] = log sum_j exp x[i, j], which is -infinity if there are no columns. softmax (rows, columns) is an output
    // that the gradient needs.
    virtual void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) = 0;

    // y[i, j] = sqrt(max(|a_i - b_j|^2, floor)), NaN where the squared distance is NaN; a (n, width), b (m, width),
    // y (n, m). The gradient is 0 at the floor.
    virtual void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                   const void* b, void* y) = 0;
    virtual void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                        const void* b, const void* y, const void* gy, void* ga, void* gb) = 0;

    // y[i] = x[index[i]]. The adjoint adds row i of gy to row index[i] of gx, in order of i.
    virtual void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) = 0;
    virtual void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                                  void* gx) = 0;

    // nearest[i] = the index of the row p of points (m, width), m >= 1, that minimises |x_i - p|^2, x (n, width). Ties
    // go to the lowest index. Distances are compared as this backend rounds them. NaN and infinite distances are never
    // chosen; if all are, the result is 0. The result depends only on x_i and the points. The CPU implementation builds
    // neighbour lists per call, so it is efficient for many rows, especially if consecutive rows lie close together.
    virtual void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                              int64_t* nearest) = 0;

    // The functions below are used in training steps, which may be captured once and replayed. Values that change from
    // step to step are therefore passed as pointers into this backend's memory, not as host numbers.

    // f32 random numbers of a stream, starting at its counter. random_uniform matches Rng::fill_uniform bit for bit.
    // random_normal matches Rng::fill_normal up to the rounding of this backend's log, sin and cos. state: Rng::pack.
    virtual void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) = 0;
    virtual void random_normal(int64_t n, const int64_t* state, void* y) = 0;

    // *y = the Euclidean norm of x; NaN or infinite if any element is.
    virtual void norm(DType type, int64_t n, const void* x, double* y) = 0;
    // *y = the sum of x, for the host to read later. If the sum is not finite, *failed is set to *serial, a nonzero
    // number that identifies the step. Once *failed is set, metrics of steps with another serial are not written.
    virtual void record_metric(DType type, int64_t n, const void* x, const double* serial, double* y,
                               double* failed) = 0;
    // Optimisation over flat parameter arrays. Both functions do nothing if *failed is nonzero. factors of Adam's step
    // t: rate / (1 - beta1^t), 1 - rate * weight decay, 1 / sqrt(1 - beta2^t). norm: the norm of the gradient.
    virtual void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
                      const double* failed, const void* gradient, void* parameter, void* first_moment,
                      void* second_moment) = 0;
    // y += *rate (towards - y)
    virtual void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards,
                      void* y) = 0;

    // Records the backend calls that `work` makes instead of executing them. A backend without this ability returns
    // null and does not call `work`. `work` must have been executed once before. It must not upload, download or keep
    // memory that it allocates. No other thread may use the backend during the call.
    virtual std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) = 0;
};

std::unique_ptr<Backend> make_cpu_backend();

// For benchmarks. cpu_flop_count: floating-point operations of all matrix products since the start of the program,
// those of attention included. cpu_peak_loop: runs a loop of fused multiply-adds on registers, rounds * 1000 per
// register, and returns its number of floating-point operations.
int64_t cpu_flop_count();
int64_t cpu_peak_loop(int64_t rounds);

// Instruction set of the CPU kernels in use: "portable", "avx2" or "avx512". The environment variable ASTRO_ISA can
// select a smaller one than the processor supports. Results are reproducible bit for bit on one instruction set only.
const char* cpu_isa_name();

}  // namespace astro
