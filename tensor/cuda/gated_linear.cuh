// What follows the product in a gated linear layer, for one element of it: y = x + gate[g] z, z = the product + bias.
#pragma once

#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

template <class T>
struct Gated {
    const T *bias, *x, *gate;
    T* z;                      // null: not kept
    int64_t width, per_group;  // of x: elements of a row, elements for each row of the gate

    // Element `at` of y, in column `column`.
    __device__ void write(T product, int64_t column, T* y, int64_t at) const {
        const T sum = product + bias[column];
        if (z) z[at] = sum;
        y[at] = x[at] + gate[gpu::quotient(at, per_group) * width + column] * sum;
    }
};

}  // namespace astro::cuda
