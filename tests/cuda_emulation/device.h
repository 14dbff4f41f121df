// Functions for device code: built-in variables, barriers, warp collectives, atomic addition, as far as kernels and the
// emulator's tests use them.
//
// Barriers and collectives know the source line of their call (default arguments), so that reports of divergence show
// where each thread waits. Collectives support only the full mask.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/cuda_emulation/vector_types.h"

namespace gpu::emulated {

// The running thread. It must not be in .bss, because trace mode treats .bss as shared memory.
struct Running {
    uint3 thread, block;
    dim3 block_size, grid_size;
};
extern Running running;

enum class Collective {
    none,
    barrier,
    barrier_count,
    sync_warp,
    shuffle,
    shuffle_up,
    shuffle_down,
    shuffle_xor,
    ballot,
    any,
    all,
    active
};

struct Site {
    const char* file;
    int line;
};

// Waits until the whole block (barrier) or warp has arrived, then returns the result for this thread.
uint64_t collective(Collective kind, unsigned mask, uint64_t value, int operand, int width, Site site);
// Trace mode: an atomic access to `bytes` at `address` (nothing elsewhere).
void trace_atomic(const void* address, unsigned bytes, const void* code);
void* dynamic_shared(size_t alignment);

template <class T>
uint64_t bits_of(T value) {
    static_assert(sizeof(T) <= 8, "shuffles move 4 or 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}
template <class T>
T from_bits(uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Not traced, because its accesses are atomic.
template <class T, class F>
__attribute__((no_sanitize("thread"), noinline)) T atomic(T* address, F change) {
    trace_atomic(address, sizeof(T), __builtin_return_address(0));
    const T old = *address;
    *address = change(old);
    return old;
}

}  // namespace gpu::emulated

#define threadIdx (::gpu::emulated::running.thread)
#define blockIdx (::gpu::emulated::running.block)
#define blockDim (::gpu::emulated::running.block_size)
#define gridDim (::gpu::emulated::running.grid_size)

#define EMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EMU_SITE) {
    gpu::emulated::collective(gpu::emulated::Collective::barrier, ~0u, 0, 0, 32, {file, line});
}
inline int __syncthreads_count(int predicate, EMU_SITE) {
    return int(
        gpu::emulated::collective(gpu::emulated::Collective::barrier_count, ~0u, predicate != 0, 0, 32, {file, line}));
}
inline void __syncwarp(unsigned mask = ~0u, EMU_SITE) {
    gpu::emulated::collective(gpu::emulated::Collective::sync_warp, mask, 0, 0, 32, {file, line});
}
inline unsigned __ballot_sync(unsigned mask, int predicate, EMU_SITE) {
    return unsigned(
        gpu::emulated::collective(gpu::emulated::Collective::ballot, mask, predicate != 0, 0, 32, {file, line}));
}
inline int __any_sync(unsigned mask, int predicate, EMU_SITE) {
    return int(gpu::emulated::collective(gpu::emulated::Collective::any, mask, predicate != 0, 0, 32, {file, line}));
}
inline int __all_sync(unsigned mask, int predicate, EMU_SITE) {
    return int(gpu::emulated::collective(gpu::emulated::Collective::all, mask, predicate != 0, 0, 32, {file, line}));
}
#define EMU_SHUFFLE(NAME, KIND, OPERAND)                                                                               \
    template <class T>                                                                                                 \
    T NAME(unsigned mask, T value, OPERAND operand, int width = 32, EMU_SITE) {                                        \
        return gpu::emulated::from_bits<T>(gpu::emulated::collective(                                                  \
            gpu::emulated::Collective::KIND, mask, gpu::emulated::bits_of(value), int(operand), width, {file, line})); \
    }
EMU_SHUFFLE(__shfl_sync, shuffle, int)
EMU_SHUFFLE(__shfl_up_sync, shuffle_up, unsigned)
EMU_SHUFFLE(__shfl_down_sync, shuffle_down, unsigned)
EMU_SHUFFLE(__shfl_xor_sync, shuffle_xor, int)
#undef EMU_SHUFFLE
#undef EMU_SITE

inline unsigned atomicAdd(unsigned* address, unsigned value) {
    return gpu::emulated::atomic(address, [value](unsigned old) { return old + value; });
}
