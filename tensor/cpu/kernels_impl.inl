// All CPU kernels, compiled once per instruction set (see kernels.h). Everything lies in a namespace of that
// instruction set, and nothing here calls templates of the standard library: their instances would be merged by
// the linker, and the program could then execute AVX code on a machine without it.
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "tensor/cpu/kernels.h"

namespace astro::cpu {
namespace ASTRO_ISA {

// A partial sum per lane, added up in a fixed order: vectorisable, and the same for any caller.
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

// Minus infinity where there is none.
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

template <class T>
static Kernels<T> table() {
    using namespace ASTRO_ISA;
    return {copy_rows<T>,
            unary<T>,
            unary_grad<T>,
            binary<T>,
            binary_grad<T>,
            sum_to<T>,
            gemm<T>,
            packed_size<T>,
            pack_matrix<T>,
            linear<T>,
            linear_grad<T>,
            layer_norm<T>,
            layer_norm_grad<T>,
            gated_linear<T>,
            gated_linear_grad<T>,
            attention<T>,
            attention_grad<T>,
            logsumexp<T>,
            pairwise_distance<T>,
            pairwise_distance_grad<T>,
            adam<T>,
            lerp<T>,
            sum_of_squares<T>,
            peak_loop<T>};
}

KernelTables ASTRO_JOIN(ASTRO_ISA, _kernels)() { return {ASTRO_TEXT(ASTRO_ISA), table<float>(), table<double>()}; }

}  // namespace astro::cpu
