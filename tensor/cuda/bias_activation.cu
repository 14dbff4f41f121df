// What follows a product in a linear layer, in one pass over its result: the bias and the activation.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

template <class Op, class T>
__global__ void bias_activation_kernel(int64_t n, int64_t width, const T* x, const T* bias, T* kept, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        const T z = bias ? x[i] + bias[i - gpu::quotient(i, width) * width] : x[i];
        if (kept) kept[i] = z;
        y[i] = Op::f(z, T(0), T(0));
    }
}

struct Identity {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x;
    }
};

}  // namespace

template <class T>
void bias_activation(const Device& d, int64_t rows, int64_t width, const T* x, const T* bias, const UnaryOp* activation,
                     T* kept, T* y) {
    const int64_t n = rows * width;
    if (n == 0 || (!bias && !activation && !kept && x == y)) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    if (!activation)
        return gpu::launch<bias_activation_kernel<Identity, T>>(grid, kThreads, 0, d.stream, n, width, x, bias, kept,
                                                                y);
    switch (*activation) {
#define ASTRO_CASE(enumerator, Struct, name)                                                                           \
    case UnaryOp::enumerator:                                                                                          \
        return gpu::launch<bias_activation_kernel<unary_formula::Struct, T>>(grid, kThreads, 0, d.stream, n, width, x, \
                                                                             bias, kept, y);
        ASTRO_UNARY_OPS(ASTRO_CASE)
#undef ASTRO_CASE
    }
}

#define ASTRO_FOR(T) \
    template void bias_activation<T>(const Device&, int64_t, int64_t, const T*, const T*, const UnaryOp*, T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
