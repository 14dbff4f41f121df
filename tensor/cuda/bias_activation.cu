// Bias and activation of a linear layer, in one pass over the result of the matrix product. The built-in product fuses
// them into its own kernel if possible (gemm.cu).
#include "tensor/cuda/bias_activation.cuh"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

template <class Op, class T>
__global__ void bias_activation_kernel(int64_t n, int64_t width, const T* x, const T* bias, T* slope, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads())
        apply_bias_activation<Op>(x[i], bias, bias ? i - gpu::quotient(i, width) * width : 0, slope, y, i);
}

}  // namespace

template <class T>
void bias_activation(const Device& d, int64_t rows, int64_t width, const T* x, const T* bias, const UnaryOp* activation,
                     T* slope, T* y) {
    const int64_t n = rows * width;
    if (n == 0 || (!bias && !activation && !slope && x == y)) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    if (!activation)
        return gpu::launch<bias_activation_kernel<Identity, T>>(grid, kThreads, 0, d.stream, n, width, x, bias, slope,
                                                                y);
    visit_unary(*activation, [&](auto formula) {
        gpu::launch<bias_activation_kernel<decltype(formula), T>>(grid, kThreads, 0, d.stream, n, width, x, bias, slope,
                                                                  y);
    });
}

template <class T>
void linear_grad(const Device& d, int64_t rows, int64_t width, const T* gy, const T* slope, T* gz, T* gbias,
                 bool accumulate) {
    if (slope) binary(d, BinaryOp::mul, Traversal::flat(rows * width), gy, slope, gz);
    if (!gbias) return;
    if (!accumulate) fill(d, width, T(0), gbias);
    Traversal columns;
    columns.rank = 2, columns.sizes[0] = rows, columns.sizes[1] = width, columns.b_step[1] = 1;
    sum_to(d, columns, slope ? static_cast<const T*>(gz) : gy, gbias);
}

#define ASTRO_FOR(T)                                                                                 \
    template void linear_grad<T>(const Device&, int64_t, int64_t, const T*, const T*, T*, T*, bool); \
    template void bias_activation<T>(const Device&, int64_t, int64_t, const T*, const T*, const UnaryOp*, T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
