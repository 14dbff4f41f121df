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

// The static_assert checks the number of entries, so that a forgotten entry does not compile.
template <class T>
static Kernels<T> table() {
    using namespace ASTRO_ISA;
    Kernels<T> kernels = {};
    kernels.copy_rows = copy_rows<T>;
    kernels.unary = unary<T>;
    kernels.unary_grad = unary_grad<T>;
    kernels.binary = binary<T>;
    kernels.binary_grad = binary_grad<T>;
    kernels.sum_to = sum_to<T>;
    kernels.gemm = gemm<T>;
    kernels.packed_size = packed_size<T>;
    kernels.pack_matrix = pack_matrix<T>;
    kernels.linear = linear<T>;
    kernels.linear_grad = linear_grad<T>;
    kernels.layer_norm = layer_norm<T>;
    kernels.layer_norm_grad = layer_norm_grad<T>;
    kernels.gated_linear = gated_linear<T>;
    kernels.gated_linear_grad = gated_linear_grad<T>;
    kernels.attention = attention<T>;
    kernels.attention_grad = attention_grad<T>;
    kernels.logsumexp = logsumexp<T>;
    kernels.pairwise_distance = pairwise_distance<T>;
    kernels.pairwise_distance_grad = pairwise_distance_grad<T>;
    kernels.adam = adam<T>;
    kernels.lerp = lerp<T>;
    kernels.sum_of_squares = sum_of_squares<T>;
    kernels.peak_loop = peak_loop<T>;
    static_assert(sizeof kernels == 24 * sizeof kernels.unary, "an entry of Kernels is not set above");
    return kernels;
}

KernelTables ASTRO_JOIN(ASTRO_ISA, _kernels)() { return {ASTRO_TEXT(ASTRO_ISA), table<float>(), table<double>()}; }

}  // namespace astro::cpu
