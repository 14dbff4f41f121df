// All CPU kernels, compiled once per instruction set (see kernels.h). Everything is in a namespace of the instruction
// set, and nothing here uses templates of the standard library. The linker would merge their instances, and the program
// could then execute AVX code on a machine that does not support it.
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "tensor/cpu/kernels.h"

namespace astro::cpu {
namespace ASTRO_ISA {

// Accumulates one partial sum per lane and adds these in a fixed order. Vectorises, and is reproducible.
template <class T>
T sum_of(int64_t n, const T* x) {
    constexpr int kLanes = 16;
    T lane[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int j = 0; j < kLanes; ++j) lane[j] += x[i + j];
    for (int j = 0; i < n; ++i, ++j) lane[j] += x[i];
    for (int half = kLanes / 2; half > 0; half /= 2)
        for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
    return lane[0];
}

// The largest element; -infinity if n is 0.
template <class T>
T max_of(int64_t n, const T* x) {
    constexpr int kLanes = 16;
    T lane[kLanes];
    for (int j = 0; j < kLanes; ++j) lane[j] = T(-HUGE_VAL);
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int j = 0; j < kLanes; ++j) lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (int j = 0; i < n; ++i, ++j) lane[j] = x[i] > lane[j] ? x[i] : lane[j];
    for (int half = kLanes / 2; half > 0; half /= 2)
        for (int j = 0; j < half; ++j) lane[j] = lane[j + half] > lane[j] ? lane[j + half] : lane[j];
    return lane[0];
}

template <class T>
T dot(int64_t n, const T* x, const T* y) {
    constexpr int kLanes = 16;
    T lane[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int j = 0; j < kLanes; ++j) lane[j] += x[i + j] * y[i + j];
    for (int j = 0; i < n; ++i, ++j) lane[j] += x[i] * y[i];
    for (int half = kLanes / 2; half > 0; half /= 2)
        for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
    return lane[0];
}

}  // namespace ASTRO_ISA
}  // namespace astro::cpu

#include "tensor/cpu/kernels_elementwise.inl"
#include "tensor/cpu/kernels_gemm.inl"
#include "tensor/cpu/kernels_rows.inl"

#define ASTRO_JOIN_(a, b) a##b
#define ASTRO_JOIN(a, b) ASTRO_JOIN_(a, b)
#define ASTRO_TEXT_(a) #a
#define ASTRO_TEXT(a) ASTRO_TEXT_(a)

namespace astro::cpu {

// The static_assert checks the number of names, so that a forgotten one does not compile.
template <class T>
static Kernels<T> table() {
    Kernels<T> kernels = {};
#define ASTRO_ENTRY(name) kernels.name = ASTRO_ISA::name<T>;
    ASTRO_CPU_KERNELS(ASTRO_ENTRY)
#undef ASTRO_ENTRY
#define ASTRO_COUNT(name) +1
    static_assert(sizeof kernels == (0 ASTRO_CPU_KERNELS(ASTRO_COUNT)) * sizeof kernels.unary,
                  "ASTRO_CPU_KERNELS does not name each member of Kernels");
#undef ASTRO_COUNT
    return kernels;
}

KernelTables ASTRO_JOIN(ASTRO_ISA, _kernels)() { return {ASTRO_TEXT(ASTRO_ISA), table<float>(), table<double>()}; }

}  // namespace astro::cpu
