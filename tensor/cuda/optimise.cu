// The optimiser's arithmetic over flat parameter arrays: one launch for all parameters of a network.
#include <cmath>

#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

// What a step multiplies by, in the type of the parameters (tensor/cpu: the same order of operations).
template <class T>
struct AdamFactors {
    T beta1, beta2, epsilon, scale, rate, decay, root;
};

template <class T>
__global__ void adam_kernel(int64_t n, AdamFactors<T> f, const T* g, T* w, T* m, T* v) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        const T gi = g[i] * f.scale;
        const T first = f.beta1 * m[i] + (1 - f.beta1) * gi, second = f.beta2 * v[i] + (1 - f.beta2) * gi * gi;
        m[i] = first;
        v[i] = second;
        w[i] = w[i] * f.decay - f.rate * first / (std::sqrt(second) * f.root + f.epsilon);
    }
}

template <class T>
__global__ void lerp_kernel(int64_t n, T rate, const T* towards, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) y[i] += rate * (towards[i] - y[i]);
}

}  // namespace

template <class T>
void adam(const Device& d, int64_t n, const AdamStep& step, const T* g, T* w, T* m, T* v) {
    if (n == 0) return;
    const AdamFactors<T> f = {T(step.beta1),
                              T(step.beta2),
                              T(step.epsilon),
                              T(step.gradient_scale),
                              T(step.rate / step.correction1),
                              T(1 - step.rate * step.weight_decay),
                              T(1 / std::sqrt(step.correction2))};
    gpu::launch<adam_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, f, g, w, m, v);
}

template <class T>
void lerp(const Device& d, int64_t n, T rate, const T* towards, T* y) {
    if (n > 0) gpu::launch<lerp_kernel<T>>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, rate, towards, y);
}

#define ASTRO_FOR(T)                                                                      \
    template void adam<T>(const Device&, int64_t, const AdamStep&, const T*, T*, T*, T*); \
    template void lerp<T>(const Device&, int64_t, T, const T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
