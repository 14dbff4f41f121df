// Random numbers of a stream (tensor/rng.h). Each thread computes the words it needs from their position.
#include "tensor/cuda/kernels.h"
#include "tensor/philox.h"

namespace astro::cuda {

namespace {

constexpr unsigned kThreads = 256;

// An Rng::State, read from device memory.
struct Stream {
    uint64_t seed, name, counter;
    __device__ explicit Stream(const int64_t* s)
        : seed(static_cast<uint64_t>(s[0])), name(static_cast<uint64_t>(s[1])), counter(static_cast<uint64_t>(s[2])) {}
};

// Word number `at` of a stream.
__device__ inline uint32_t word_of(const Stream& s, uint64_t at) {
    const PhiloxBlock block = block_of_stream(s.seed, s.name, at >> 2);
    const int which = static_cast<int>(at & 3);  // run-time indexing would move the array from registers to memory
    return which == 0 ? block.word[0] : which == 1 ? block.word[1] : which == 2 ? block.word[2] : block.word[3];
}

__global__ void random_uniform_kernel(int64_t n, const int64_t* state, float low, float range, float* y) {
    const Stream s(state);
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads())
        y[i] = uniform_of_word(word_of(s, s.counter + static_cast<uint64_t>(i)), low, range);
}

// One thread per pair of numbers.
__global__ void random_normal_kernel(int64_t n, const int64_t* state, float* y) {
    const Stream s(state);
    for (int64_t pair = gpu::thread(); 2 * pair < n; pair += gpu::threads()) {
        const uint64_t at = s.counter + 2 * static_cast<uint64_t>(pair);
        const NormalPair<float> normals = normals_of_words(word_of(s, at), word_of(s, at + 1));
        y[2 * pair] = normals.first;
        if (2 * pair + 1 < n) y[2 * pair + 1] = normals.second;
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
