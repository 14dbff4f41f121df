// How kernels are written and launched. They are compiled by nvcc for a GPU, or by g++ for an emulator, whose
// cuda_runtime.h precedes the toolkit's on the include path and provides gpu::emulated. The two differ only in this
// file; a few sizes elsewhere depend on gpu::kEmulated.
//
// Rules that make every kernel checkable: kernels are launched with gpu::launch; dynamic shared memory is declared with
// GPU_DYN_SHARED; block sizes are multiples of 32 and warp collectives use the full mask; no thread returns before a
// barrier; a source line has at most one __syncthreads; sums across threads have a fixed order and use no float
// atomics.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tensor/base/error.h"

namespace gpu {

using Dim = dim3;

inline void check(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // so that the next launch does not report it again
    astro::fail(astro::ErrorKind::device, "CUDA: ", what, ": ", cudaGetErrorString(status));
}

#ifdef ASTRO_CUDA_EMULATION

inline constexpr bool kEmulated = true;
#define GPU_DYN_SHARED(T, name) T* name = static_cast<T*>(gpu::emulated::dynamic_shared(alignof(T)))

template <auto Kernel, class... Args>
void launch(Dim grid, Dim block, size_t shared_bytes, cudaStream_t stream, Args... args) {
    emulated::launch<Kernel>(grid, block, shared_bytes, stream, args...);
    check(cudaGetLastError(), "launch");
}

#else

inline constexpr bool kEmulated = false;
#define GPU_DYN_SHARED(T, name)                                     \
    extern __shared__ __align__(16) unsigned char gpu_dyn_shared[]; \
    T* name = reinterpret_cast<T*>(gpu_dyn_shared)

template <auto Kernel, class... Args>
void launch(Dim grid, Dim block, size_t shared_bytes, cudaStream_t stream, Args... args) {
    // clang-format off
    Kernel<<<grid, block, shared_bytes, stream>>>(args...);
    // clang-format on
    check(cudaGetLastError(), "launch");
}

#endif

// The largest grid of kernels with grid-stride loops. It is small under emulation, so that tests exercise these loops.
inline constexpr int64_t kMaxBlocks = kEmulated ? 12 : 8192;

// Number of blocks for n items, with `each` items per block.
inline unsigned blocks(int64_t n, int64_t each, int64_t most = kMaxBlocks) {
    const int64_t wanted = (n + each - 1) / each;
    return static_cast<unsigned>(wanted < most ? wanted : most);
}

// Index of this thread in a one-dimensional grid, and number of threads of the grid.
__device__ inline int64_t thread() {
    return static_cast<int64_t>(blockIdx.x) * static_cast<int64_t>(blockDim.x) + static_cast<int64_t>(threadIdx.x);
}
__device__ inline int64_t threads() { return static_cast<int64_t>(gridDim.x) * static_cast<int64_t>(blockDim.x); }

// a / b for a >= 0, b > 0. Uses 32-bit division if both fit, which is several times faster.
__device__ inline int64_t quotient(int64_t a, int64_t b) {
    if ((static_cast<uint64_t>(a | b) >> 32) == 0)
        return static_cast<int64_t>(static_cast<uint32_t>(a) / static_cast<uint32_t>(b));
    return a / b;
}

// Sum and maximum over a warp, returned to all lanes. The result is identical in all lanes, because each step combines
// the same two values in both lanes.
template <class T>
__device__ inline T warp_sum(T value) {
    for (int gap = 16; gap > 0; gap /= 2) value += __shfl_xor_sync(0xffffffffu, value, gap);
    return value;
}
template <class T>
__device__ inline T warp_max(T value) {
    for (int gap = 16; gap > 0; gap /= 2) {
        const T other = __shfl_xor_sync(0xffffffffu, value, gap);
        value = other > value ? other : value;
    }
    return value;
}

}  // namespace gpu
