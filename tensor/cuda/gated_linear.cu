// Gated residual branches: y = x + gate[g] * z, where z is the output of a linear layer and each group of rows has one
// gate. Applied in one pass over the result of the matrix product. The built-in product fuses this into its own kernel
// if possible (gemm.cu).
#include "tensor/cuda/gated_linear.cuh"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

template <class T>
__global__ void gated_add_kernel(int64_t n, Gated<T> epilogue, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads())
        epilogue.write(y[i], i - gpu::quotient(i, epilogue.width) * epilogue.width, y, i);
}

}  // namespace

template <class T>
void gated_add(const Device& d, int64_t rows, int64_t width, int64_t groups, const T* bias, const T* x, const T* gate,
               T* z, T* y) {
    const int64_t n = rows * width;
    if (n == 0) return;
    const Gated<T> epilogue{bias, x, gate, z, width, n / groups};
    gpu::launch<gated_add_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, epilogue, y);
}

template <class T>
void gated_linear_grad(const Device& d, int64_t rows, int64_t width, int64_t groups, const T* gate, const T* z,
                       const T* gy, T* ggate, T* gz) {
    if (ggate) fill(d, groups * width, T(0), ggate);
    if (rows == 0) return;
    Traversal t;  // over (group, row of the group, column); b is the gate
    t.rank = 3, t.sizes[0] = groups, t.sizes[1] = rows / groups, t.sizes[2] = width;
    t.a_step[0] = t.sizes[1] * width, t.a_step[1] = width, t.a_step[2] = 1;
    t.b_step[0] = width, t.b_step[2] = 1;
    if (ggate) {
        Scratch<T> product(d, rows * width);
        binary(d, BinaryOp::mul, Traversal::flat(rows * width), gy, z, product.get());
        sum_to(d, t, static_cast<const T*>(product.get()), ggate);
    }
    binary(d, BinaryOp::mul, t, gy, gate, gz);
}

#define ASTRO_FOR(T)                                                                                            \
    template void gated_add<T>(const Device&, int64_t, int64_t, int64_t, const T*, const T*, const T*, T*, T*); \
    template void gated_linear_grad<T>(const Device&, int64_t, int64_t, int64_t, const T*, const T*, const T*, T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
