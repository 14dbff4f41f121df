// Random numbers of a stream (tensor/rng.h): Philox4x32-10, each thread computing the words it needs from their place.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

// An Rng::State read from the device's memory.
struct Stream {
    uint64_t seed, name, counter;
    __device__ explicit Stream(const int64_t* s)
        : seed(static_cast<uint64_t>(s[0])), name(static_cast<uint64_t>(s[1])), counter(static_cast<uint64_t>(s[2])) {}
};

// Word number `at` of a stream.
__device__ inline uint32_t word_of(const Stream& s, uint64_t at) {
    const uint64_t block = at >> 2;
    uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32);
    uint32_t c2 = static_cast<uint32_t>(s.name), c3 = static_cast<uint32_t>(s.name >> 32);
    uint32_t key0 = static_cast<uint32_t>(s.seed), key1 = static_cast<uint32_t>(s.seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53} * c0, p1 = uint64_t{0xCD9E8D57} * c2;
        c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key0;
        c1 = static_cast<uint32_t>(p1);
        c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key1;
        c3 = static_cast<uint32_t>(p0);
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    const int which = static_cast<int>(at & 3);
    return which == 0 ? c0 : which == 1 ? c1 : which == 2 ? c2 : c3;
}

__global__ void random_uniform_kernel(int64_t n, const int64_t* state, float low, float range, float* y) {
    const Stream s(state);
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        const float u = static_cast<float>(word_of(s, s.counter + static_cast<uint64_t>(i)) >> 8) * 0x1p-24f;
        y[i] = __fadd_rn(low, __fmul_rn(range, u));  // not fused: the host's bits
    }
}

// A thread a pair, both halves of a Box-Muller pair.
__global__ void random_normal_kernel(int64_t n, const int64_t* state, float* y) {
    const Stream s(state);
    for (int64_t pair = gpu::thread(); 2 * pair < n; pair += gpu::threads()) {
        const uint64_t at = s.counter + 2 * static_cast<uint64_t>(pair);
        const float u = static_cast<float>((word_of(s, at) >> 8) + 1) * 0x1p-24f;  // (0, 1]
        const float v = static_cast<float>(word_of(s, at + 1) >> 8) * 0x1p-24f;
        const float radius = std::sqrt(-2.0f * std::log(u)), angle = 6.2831853f * v;
        y[2 * pair] = radius * std::cos(angle);
        if (2 * pair + 1 < n) y[2 * pair + 1] = radius * std::sin(angle);
    }
}

}  // namespace

void random_uniform(const Device& d, int64_t n, const int64_t* state, float low, float high, float* y) {
    if (n > 0)
        gpu::launch<random_uniform_kernel>(gpu::blocks(n, kThreads), kThreads, 0, d.stream, n, state, low, high - low,
                                           y);
}

void random_normal(const Device& d, int64_t n, const int64_t* state, float* y) {
    if (n > 0)
        gpu::launch<random_normal_kernel>(gpu::blocks((n + 1) / 2, kThreads), kThreads, 0, d.stream, n, state, y);
}

}  // namespace astro::cuda
