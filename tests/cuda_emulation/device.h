// What device code may call: built-in variables, barriers, warp collectives, atomics, and the mathematics
// that g++ lacks.
//
// Barriers and collectives know the source line of their call (default arguments), so that a divergent one is
// reported by who waits where. Collectives take the full mask only.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/cuda_emulation/vector_types.h"

namespace gpu::emulated {

// The running thread. One object outside .bss, because trace mode takes .bss for shared memory.
struct Running {
    uint3 thread, block;
    dim3 block_size, grid_size;
};
extern Running running;

enum class Collective {
    none,
    barrier,
    barrier_count,
    barrier_and,
    barrier_or,
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

// Waits until the whole block (a barrier) or warp has come, then returns this thread's result.
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
template <class To, class From>
To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    return from_bits<To>(bits_of(from));
}

// Outside the traced code, since its accesses are atomic ones.
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
constexpr int warpSize = 32;

#define EMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EMU_SITE) {
    gpu::emulated::collective(gpu::emulated::Collective::barrier, ~0u, 0, 0, 32, {file, line});
}
inline int __syncthreads_count(int predicate, EMU_SITE) {
    return int(
        gpu::emulated::collective(gpu::emulated::Collective::barrier_count, ~0u, predicate != 0, 0, 32, {file, line}));
}
inline int __syncthreads_and(int predicate, EMU_SITE) {
    return int(
        gpu::emulated::collective(gpu::emulated::Collective::barrier_and, ~0u, predicate != 0, 0, 32, {file, line}));
}
inline int __syncthreads_or(int predicate, EMU_SITE) {
    return int(
        gpu::emulated::collective(gpu::emulated::Collective::barrier_or, ~0u, predicate != 0, 0, 32, {file, line}));
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

// Atomics of CUDA's types: int, unsigned, unsigned long long; add also of float and double.
#define EMU_ATOMIC(NAME, T, EXPRESSION)                                                    \
    inline T NAME(T* address, T value) {                                                   \
        return gpu::emulated::atomic(address, [value](T old) -> T { return EXPRESSION; }); \
    }
EMU_ATOMIC(atomicAdd, int, old + value)
EMU_ATOMIC(atomicAdd, unsigned, old + value)
EMU_ATOMIC(atomicAdd, unsigned long long, old + value)
EMU_ATOMIC(atomicAdd, float, old + value)
EMU_ATOMIC(atomicAdd, double, old + value)
EMU_ATOMIC(atomicMax, int, old > value ? old : value)
EMU_ATOMIC(atomicMax, unsigned, old > value ? old : value)
EMU_ATOMIC(atomicMax, unsigned long long, old > value ? old : value)
EMU_ATOMIC(atomicMin, int, old < value ? old : value)
EMU_ATOMIC(atomicMin, unsigned, old < value ? old : value)
EMU_ATOMIC(atomicMin, unsigned long long, old < value ? old : value)
EMU_ATOMIC(atomicOr, int, old | value)
EMU_ATOMIC(atomicOr, unsigned, old | value)
EMU_ATOMIC(atomicAnd, int, old& value)
EMU_ATOMIC(atomicAnd, unsigned, old& value)
EMU_ATOMIC(atomicExch, int, (void(old), value))
EMU_ATOMIC(atomicExch, unsigned, (void(old), value))
EMU_ATOMIC(atomicExch, float, (void(old), value))
#undef EMU_ATOMIC
inline int atomicCAS(int* address, int expected, int value) {
    return gpu::emulated::atomic(address, [=](int old) { return old == expected ? value : old; });
}
inline unsigned atomicCAS(unsigned* address, unsigned expected, unsigned value) {
    return gpu::emulated::atomic(address, [=](unsigned old) { return old == expected ? value : old; });
}
inline unsigned long long atomicCAS(unsigned long long* address, unsigned long long expected,
                                    unsigned long long value) {
    return gpu::emulated::atomic(address, [=](unsigned long long old) { return old == expected ? value : old; });
}

template <class T>
T __ldg(const T* address) {
    return *address;
}

// Bits.
inline unsigned __float_as_uint(float x) { return gpu::emulated::same_bits<unsigned>(x); }
inline int __float_as_int(float x) { return gpu::emulated::same_bits<int>(x); }
inline float __uint_as_float(unsigned x) { return gpu::emulated::same_bits<float>(x); }
inline float __int_as_float(int x) { return gpu::emulated::same_bits<float>(x); }
inline long long __double_as_longlong(double x) { return gpu::emulated::same_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return gpu::emulated::same_bits<double>(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<unsigned long long>((Wide(a) * b) >> 64);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }

// Mathematics. CUDA's approximate forms are exact here: tests compare with tolerances.
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return std::fma(x, y, z); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline double __fma_rn(double x, double y, double z) { return std::fma(x, y, z); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline int __float2int_rn(float x) { return int(std::nearbyint(x)); }
#define EMU_MIN_MAX(T)                               \
    inline T min(T a, T b) { return b < a ? b : a; } \
    inline T max(T a, T b) { return a < b ? b : a; }
EMU_MIN_MAX(int)
EMU_MIN_MAX(unsigned)
EMU_MIN_MAX(long)
EMU_MIN_MAX(unsigned long)
EMU_MIN_MAX(long long)
EMU_MIN_MAX(unsigned long long)
#undef EMU_MIN_MAX
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }
