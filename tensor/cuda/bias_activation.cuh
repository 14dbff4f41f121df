// Bias and activation of a linear layer, for one element: y = f(z), z = x + bias, slope = f'(z).
#pragma once

#include "tensor/cuda/launch.cuh"
#include "tensor/scalar_ops.h"

namespace astro::cuda {

struct Identity {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T, T, T) {
        return T(1);
    }
};

// Writes element `at` of y, in column `column`. bias and slope may be null. y may be the array that x was read from.
template <class Op, class T>
__device__ inline void apply_bias_activation(T x, const T* bias, int64_t column, T* slope, T* y, int64_t at) {
    const T z = bias ? x + bias[column] : x;
    const T value = Op::f(z, T(0), T(0));
    if (slope) slope[at] = Op::df(z, value, T(0), T(0));
    y[at] = value;
}

}  // namespace astro::cuda
