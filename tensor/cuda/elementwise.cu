// Elementwise kernels: fill, cast, strided copies, unary ops; and cumulative sums.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

template <class T>
__global__ void fill_kernel(int64_t n, T value, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) y[i] = value;
}

template <class A, class B>
__global__ void cast_kernel(int64_t n, const A* x, B* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) y[i] = static_cast<B>(x[i]);
}

template <class T>
__global__ void copy_rows_kernel(int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y, int64_t y_stride,
                                 bool accumulate) {
    for (int64_t i = gpu::thread(); i < rows * columns; i += gpu::threads()) {
        const int64_t r = gpu::quotient(i, columns), c = i - r * columns;
        const T value = x[r * x_stride + c];
        T* to = y + r * y_stride + c;
        *to = accumulate ? *to + value : value;
    }
}

template <class Op, class T>
__global__ void unary_kernel(int64_t n, const T* x, T p, T q, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) y[i] = Op::f(x[i], p, q);
}

template <class Op, class T>
__global__ void unary_grad_kernel(int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) gx[i] = gy[i] * Op::df(x[i], y[i], p, q);
}

// One thread per line. Adjacent threads process adjacent lines, so that accesses are coalesced.
template <class T>
__global__ void cumsum_kernel(int64_t lines, int64_t length, int64_t inner, bool reverse, const T* x, T* y) {
    for (int64_t line = gpu::thread(); line < lines; line += gpu::threads()) {
        const int64_t o = gpu::quotient(line, inner), first = o * length * inner + line - o * inner;
        T sum = 0;
        for (int64_t l = 0; l < length; ++l) {
            const int64_t at = first + (reverse ? length - 1 - l : l) * inner;
            sum += x[at];
            y[at] = sum;
        }
    }
}

}  // namespace

template <class T>
void fill(const Device& d, int64_t n, T value, T* y) {
    if (n > 0) gpu::launch<fill_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, value, y);
}

template <class A, class B>
void cast(const Device& d, int64_t n, const A* x, B* y) {
    if (n > 0) gpu::launch<cast_kernel<A, B>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, x, y);
}

template <class T>
void copy_rows(const Device& d, int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y, int64_t y_stride,
               bool accumulate) {
    const int64_t n = rows * columns;
    if (n > 0)
        gpu::launch<copy_rows_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, rows, columns, x, x_stride, y,
                                         y_stride, accumulate);
}

template <class T>
void unary(const Device& d, UnaryOp op, int64_t n, const T* x, T p, T q, T* y) {
    if (n == 0) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    visit_unary(op, [&](auto formula) {
        gpu::launch<unary_kernel<decltype(formula), T>>(grid, kThreads, 0, d.stream, n, x, p, q, y);
    });
}

template <class T>
void unary_grad(const Device& d, UnaryOp op, int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx) {
    if (n == 0) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    visit_unary(op, [&](auto formula) {
        gpu::launch<unary_grad_kernel<decltype(formula), T>>(grid, kThreads, 0, d.stream, n, x, y, gy, p, q, gx);
    });
}

template <class T>
void cumsum(const Device& d, int64_t outer, int64_t length, int64_t inner, bool reverse, const T* x, T* y) {
    const int64_t lines = outer * inner;
    if (lines > 0 && length > 0)
        gpu::launch<cumsum_kernel<T>>(gpu::blocks(lines, 64), 64, 0, d.stream, lines, length, inner, reverse, x, y);
}

#define ASTRO_FOR(T)                                                                                      \
    template void copy_rows<T>(const Device&, int64_t, int64_t, const T*, int64_t, T*, int64_t, bool);    \
    template void unary<T>(const Device&, UnaryOp, int64_t, const T*, T, T, T*);                          \
    template void unary_grad<T>(const Device&, UnaryOp, int64_t, const T*, const T*, const T*, T, T, T*); \
    template void cumsum<T>(const Device&, int64_t, int64_t, int64_t, bool, const T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

#define ASTRO_CAST(A)                                                           \
    template void fill<A>(const Device&, int64_t, A, A*);                       \
    template void cast<A, float>(const Device&, int64_t, const A*, float*);     \
    template void cast<A, double>(const Device&, int64_t, const A*, double*);   \
    template void cast<A, int32_t>(const Device&, int64_t, const A*, int32_t*); \
    template void cast<A, int64_t>(const Device&, int64_t, const A*, int64_t*); \
    template void cast<A, uint8_t>(const Device&, int64_t, const A*, uint8_t*);
ASTRO_CAST(float)
ASTRO_CAST(double)
ASTRO_CAST(int32_t)
ASTRO_CAST(int64_t)
ASTRO_CAST(uint8_t)
#undef ASTRO_CAST

}  // namespace astro::cuda
