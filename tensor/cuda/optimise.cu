// Optimiser updates over flat parameter arrays, with one launch for all parameters of a network. Values that change
// from step to step are read from device memory, so that the launches can be replayed.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

template <class T>
__global__ void adam_kernel(int64_t n, AdamConstants constants, const double* factors, const double* norm,
                            const double* failed, const T* g, T* w, T* m, T* v) {
    if (*failed != 0) return;
    const AdamStep<T> step(constants, factors, *norm);
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) step(g[i], w[i], m[i], v[i]);
}

template <class T>
__global__ void lerp_kernel(int64_t n, const double* rate, const double* failed, const T* towards, T* y) {
    if (*failed != 0) return;
    const T r = static_cast<T>(*rate);
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) y[i] = lerp_of(y[i], towards[i], r);
}

}  // namespace

template <class T>
void adam(const Device& d, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
          const double* failed, const T* g, T* w, T* m, T* v) {
    if (n > 0)
        gpu::launch<adam_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, constants, factors, norm,
                                    failed, g, w, m, v);
}

template <class T>
void lerp(const Device& d, int64_t n, const double* rate, const double* failed, const T* towards, T* y) {
    if (n > 0)
        gpu::launch<lerp_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, rate, failed, towards, y);
}

#define ASTRO_FOR(T)                                                                                                 \
    template void adam<T>(const Device&, int64_t, const AdamConstants&, const double*, const double*, const double*, \
                          const T*, T*, T*, T*);                                                                     \
    template void lerp<T>(const Device&, int64_t, const double*, const double*, const T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
