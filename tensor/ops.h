// The differentiable ops. Each op is defined in tensor/ops/, with its forward and backward passes side by side. Its
// gradient is checked in f64 by an entry in tensor/check/op_cases.cpp. Errors name the op and the shapes.
#pragma once

#include <vector>

#include "tensor/tape.h"
#include "tensor/tensor.h"

namespace astro {

// Elementwise, one argument (tensor/scalar_ops.h has the formulas).
Tensor affine(const Tensor& x, double scale, double shift);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor square(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor silu(const Tensor& x);
Tensor gelu(const Tensor& x);
Tensor softplus(const Tensor& x);
Tensor clamp(const Tensor& x, double low, double high);          // derivative 0 outside [low, high]
Tensor clamp_through(const Tensor& x, double low, double high);  // straight-through: derivative 1 everywhere
// Heaviside step with any two values: at_least_zero where x >= 0, below_zero elsewhere. Derivative 0.
Tensor heaviside(const Tensor& x, double at_least_zero, double below_zero);

// Elementwise, two arguments, with NumPy's broadcasting rules.
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);

// Reductions. sum_to is the adjoint of broadcasting: `shape` must broadcast to the shape of x.
Tensor sum_to(const Tensor& x, const Shape& shape);
Tensor sum(const Tensor& x);               // all elements, rank 0
Tensor mean(const Tensor& x);              // all elements, rank 0
Tensor sum(const Tensor& x, int axis);     // removes the axis
Tensor mean(const Tensor& x, int axis);    // removes the axis
Tensor logsumexp(const Tensor& x);         // over the last axis, removed
Tensor cumsum(const Tensor& x, int axis);  // running sums along the axis

// Linear algebra. matmul: (m, k) (k, n) -> (m, n); either operand may be transposed first.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);  // x (..., in) weight (in, out) + bias (out)
// activation(linear(x, weight, bias)), fused. The activation must be an op without constants: relu, gelu, silu, ...
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, UnaryOp activation);
// x + gate * linear(h, weight, bias), fused: a gated residual branch (adaLN) that ends in a linear layer. x (..., out),
// h (..., in), gate (groups, out); the rows of x are divided evenly among the groups.
Tensor gated_linear(const Tensor& x, const Tensor& gate, const Tensor& h, const Tensor& weight, const Tensor& bias);

// Layer norm over the last axis: (x - mean) / sqrt(variance + 1e-6) * (offset + gain) + bias. gain and bias are
// (groups, width), and the rows of x are divided evenly among the groups: one group for a plain affine layer norm, one
// group per sequence for adaLN. Both may be undefined: the result is then only normalised.
Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, double offset = 0.0);

// Multi-head attention on packed projections: qkv (B, T, 3 H D) -> (B, T, H D).
Tensor attention(const Tensor& qkv, int64_t heads, bool causal);

// Shapes and rows.
Tensor concat(const std::vector<Tensor>& parts, int axis);
Tensor slice(const Tensor& x, int axis, int64_t start, int64_t count);
Tensor gather_rows(const Tensor& x, const Tensor& index);  // x (N, ...), index (n) i64 -> (n, ...)
Tensor repeat_rows(const Tensor& x, int64_t times);        // (B, D) -> (B, times, D)

// (n, w), (m, w) -> (n, m): sqrt(max(|a_i - b_j|^2, floor)); derivative 0 where the floor applies.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, double floor);
// (n, w), (n, w) -> (n): the same for a_i and b_i.
Tensor row_distance(const Tensor& a, const Tensor& b, double floor);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator*(const Tensor& a, double s) { return affine(a, s, 0); }
inline Tensor operator*(double s, const Tensor& a) { return affine(a, s, 0); }
inline Tensor operator+(const Tensor& a, double s) { return affine(a, 1, s); }
inline Tensor operator+(double s, const Tensor& a) { return affine(a, 1, s); }
inline Tensor operator-(const Tensor& a, double s) { return affine(a, 1, -s); }
inline Tensor operator-(double s, const Tensor& a) { return affine(a, -1, s); }
inline Tensor operator-(const Tensor& a) { return affine(a, -1, 0); }

}  // namespace astro
