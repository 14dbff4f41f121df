// Binary elementwise ops with broadcasting, forward and backward.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Offsets {
    int64_t a, b;
};

// Offsets of the operands of dense element i. Strides are 0 along broadcast axes.
__device__ inline Offsets offsets(const Traversal& t, int64_t i) {
    Offsets at{0, 0};
    for (int axis = t.rank - 1; axis > 0; --axis) {
        const int64_t outer = gpu::quotient(i, t.sizes[axis]), here = i - outer * t.sizes[axis];
        at.a += here * t.a_step[axis];
        at.b += here * t.b_step[axis];
        i = outer;
    }
    at.a += i * t.a_step[0];
    at.b += i * t.b_step[0];
    return at;
}

template <class Op, class T>
__global__ void binary_kernel(int64_t n, Traversal t, const T* a, const T* b, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        const Offsets at = offsets(t, i);
        y[i] = Op::f(a[at.a], b[at.b]);
    }
}

template <class Op, class T>
__global__ void binary_grad_kernel(int64_t n, Traversal t, const T* a, const T* b, const T* gy, bool second, T* g) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        const Offsets at = offsets(t, i);
        const T u = a[at.a], v = b[at.b];
        g[i] = gy[i] * (second ? Op::db(u, v) : Op::da(u, v));
    }
}

int64_t elements(const Traversal& t) {
    int64_t n = 1;
    for (int axis = 0; axis < t.rank; ++axis) n *= t.sizes[axis];
    return n;
}

}  // namespace

template <class T>
void binary(const Device& d, BinaryOp op, const Traversal& t, const T* a, const T* b, T* y) {
    const int64_t n = elements(t);
    if (n == 0) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    visit_binary(op, [&](auto formula) {
        gpu::launch<binary_kernel<decltype(formula), T>>(grid, kThreads, 0, d.stream, n, t, a, b, y);
    });
}

template <class T>
void binary_grad(const Device& d, BinaryOp op, const Traversal& t, const T* a, const T* b, const T* gy, bool second,
                 T* g) {
    const int64_t n = elements(t);
    if (n == 0) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    visit_binary(op, [&](auto formula) {
        gpu::launch<binary_grad_kernel<decltype(formula), T>>(grid, kThreads, 0, d.stream, n, t, a, b, gy, second, g);
    });
}

#define ASTRO_FOR(T)                                                                            \
    template void binary<T>(const Device&, BinaryOp, const Traversal&, const T*, const T*, T*); \
    template void binary_grad<T>(const Device&, BinaryOp, const Traversal&, const T*, const T*, const T*, bool, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
