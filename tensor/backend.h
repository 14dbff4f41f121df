// The hardware contract: everything a device must be able to do, over raw pointers and sizes.
//
// Goals: a small, C-like layer without tensors, so that each kernel can be read and tested alone; a second
// implementation is complete when it compiles. All arrays are dense and row-major; `type` is f32 or f64 unless
// said otherwise; outputs do not overlap inputs unless said otherwise; empty arrays are allowed everywhere.
// Non-goals: shapes, broadcasting rules, gradients (tensor/ops).
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

// An elementwise traversal: `sizes` are the sizes of the larger array, outermost first; a and b step by
// `a_step`, `b_step` elements along each axis (0 where they are broadcast). rank >= 1.
struct Traversal {
    int rank = 0;
    int64_t sizes[6] = {}, a_step[6] = {}, b_step[6] = {};

    static Traversal flat(int64_t n) {  // n elements of each, one after another
        Traversal t;
        t.rank = 1, t.sizes[0] = n, t.a_step[0] = t.b_step[0] = 1;
        return t;
    }
};

// Adam's constants. The gradient is scaled down to a norm of `clip` where it is larger (0: not at all).
struct AdamConstants {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, clip = 0;
};

// Work of a backend that was recorded once and can be done again. Its memory stays reserved while it lives.
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
    // y (stepping by b_step) += x (dense, of the traversal's sizes): the adjoint of broadcasting.
    virtual void sum_to(DType type, const Traversal& t, const void* x, void* y) = 0;
    virtual void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                        void* y) = 0;

    // c (m, n) (+)= op(a) op(b); leading dimensions in elements.
    virtual void gemm(DType type, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void* a,
                      int64_t lda, const void* b, int64_t ldb, void* c, int64_t ldc, bool accumulate) = 0;

    // Weights, which stay the same for a while, may be laid out for products once. packed_size: elements that op(w) (k,
    // n) takes in that layout, 0 where this backend multiplies by weights as they lie. pack: w is (k, n), or (n, k)
    // where transposed.
    virtual int64_t packed_size(DType type, int64_t k, int64_t n) const = 0;
    virtual void pack(DType type, bool transpose_w, int64_t k, int64_t n, const void* w, void* packed) = 0;
    // y (m, n) = f(z), z = x (m, k) op(w) (k, n) + bias (n); w is packed (by the same transpose_w) unless packed_size
    // is 0. bias and activation may be null: none. f'(z) is left in `slope` (m, n) for the gradient unless that is
    // null; a slope goes with an activation, which is one without constants. The same as gemm, add and unary one after
    // the other.
    virtual void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool transpose_w,
                        const void* bias, const UnaryOp* activation, void* slope, void* y) = 0;

    // The gradient of z and of the bias, from y's: gz = gy slope, elementwise (slope null: gz is gy and not written),
    // and gbias[j] (+)= sum_i gz[i, j] unless gbias is null.
    virtual void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                             bool accumulate) = 0;

    // y (m, n) = x (m, n) + gate[g] z, z = h (m, k) w (k, n) + bias (n), gate (groups, n), g = row / (m / groups); w is
    // packed as linear's. z (m, n) is left for the gradient of the gate unless that is null.
    virtual void gated_linear(DType type, int64_t m, int64_t n, int64_t k, int64_t groups, const void* h, const void* w,
                              const void* bias, const void* x, const void* gate, void* z, void* y) = 0;
    // The gradients of z and of the gate, both overwritten, from y's, which is x's; without ggate z is not needed.
    virtual void gated_linear_grad(DType type, int64_t m, int64_t n, int64_t groups, const void* gate, const void* z,
                                   const void* gy, void* ggate, void* gz) = 0;

    // x (rows, width) -> y = (x - mean) * rstd * (offset + gain[g]) + bias[g], g = row / (rows / groups);
    // gain, bias (groups, width) or null; mean, rstd (rows) are kept for the gradient.
    virtual void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                            const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) = 0;
    // gx is overwritten; ggain, gbias (groups, width) are overwritten, each may be null.
    virtual void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                                 const void* gain, const void* mean, const void* rstd, const void* gy, void* gx,
                                 void* ggain, void* gbias) = 0;

    // qkv (batch, tokens, 3, heads, head_dim) -> y (batch, tokens, heads, head_dim); probabilities (batch, heads,
    // tokens, tokens) are kept for the gradient, in the order that suits the backend. Scores are scaled by
    // head_dim^-1/2.
    virtual void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                           const void* qkv, void* probabilities, void* y) = 0;
    virtual void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                                const void* qkv, const void* probabilities, const void* gy, void* gqkv) = 0;

    // y[i] = log sum_j exp x[i, j], minus infinity for no columns; softmax (rows, columns) is kept for the gradient.
    virtual void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) = 0;

    // y[i, j] = sqrt(max(|a_i - b_j|^2, floor)), not a number where the square is none; a (n, width), b (m, width), y
    // (n, m). The gradient is 0 at the floor.
    virtual void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                   const void* b, void* y) = 0;
    virtual void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                        const void* b, const void* y, const void* gy, void* ga, void* gb) = 0;

    // Rows by index (i64): y[i] = x[index[i]]; the adjoint adds, in order of i.
    virtual void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) = 0;
    virtual void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                                  void* gx) = 0;

    // nearest[i]: the row of points (m, width), m >= 1, with the least |x_i - p|^2 to x (n, width), the first of
    // equals, as this backend rounds the squares. Squares that are not a number, or infinite, never win; 0 where all of
    // them are. It depends on x_i and the points alone. The CPU prepares something
    // for each call that pays off over many rows, above all where neighbouring rows lie near one another.
    virtual void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                              int64_t* nearest) = 0;

    // What follows serves training steps, which are captured once and replayed: whatever changes from step to step is
    // read from this backend's memory, like the arrays.

    // f32 numbers of a stream from where its counter stands: Rng::fill_uniform's bit for bit, and Rng::fill_normal's up
    // to the rounding of this backend's logarithm and cosine. state: the three numbers of an Rng::State.
    virtual void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) = 0;
    virtual void random_normal(int64_t n, const int64_t* state, void* y) = 0;

    virtual void norm(DType type, int64_t n, const void* x, double* y) = 0;  // *y = |x|; not finite if any element is
    // A number that the host will read: *y = the sum of x. Where it is not finite, *failed becomes *serial, which is
    // not 0 and names the step. Once that has happened, the numbers of steps with another serial are not written.
    virtual void record_metric(DType type, int64_t n, const void* x, const double* serial, double* y, double* failed) = 0;
    // Optimisation, over flat parameter arrays; nothing changes once *failed is not 0. Adam's factors at its step
    // number t: rate / (1 - beta1^t), 1 - rate * weight decay, 1 / sqrt(1 - beta2^t); norm: the gradient's.
    virtual void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
                      const double* failed, const void* gradient, void* parameter, void* first_moment,
                      void* second_moment) = 0;
    // y += *rate (towards - y)
    virtual void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards,
                      void* y) = 0;

    // Records what `work` asks of this backend instead of doing it; null, and nothing is called, where this backend
    // does not record. `work` must have been done before; it neither uploads nor downloads, and keeps no memory it
    // allocates. Nobody else may use the backend meanwhile.
    virtual std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) = 0;
};

std::unique_ptr<Backend> make_cpu_backend();

// For benchmarks: multiplications and additions of matrix products since the start (attention's included), and those
// that a loop of nothing but fused multiply-adds on registers does, `rounds` times 1000 of them a register.
int64_t cpu_flop_count();
int64_t cpu_peak_loop(int64_t rounds);

// Instruction set the CPU kernels use: "portable", "avx2" or "avx512". ASTRO_ISA in the environment may ask for
// a lesser one (to compare paths); results are bit-identical on one path, not between paths.
const char* cpu_isa_name();

}  // namespace astro
