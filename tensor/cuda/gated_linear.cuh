// What follows the product in a gated linear layer, for one element of it: y = x + gate[g] z, z = the product + bias.
#pragma once

#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

template <class T>
struct Gated {
    const T *bias, *x, *gate;
    T* z;                      // null: not kept
    int64_t width, per_group;  // of x: elements of a row, elements for each row of the gate
};

// Element `at` of y, in column `column`.
template <class T>
__device__ inline void finish_by(const Gated<T>& f, T product, int64_t column, T* y, int64_t at) {
    const T z = product + f.bias[column];
    if (f.z) f.z[at] = z;
    y[at] = f.x[at] + f.gate[gpu::quotient(at, f.per_group) * f.width + column] * z;
}

}  // namespace astro::cuda
