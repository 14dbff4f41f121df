// Bias, gate and residual of a gated linear layer, for one element: y = x + gate[g] * z, z = product + bias.
#pragma once

#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

template <class T>
struct Gated {
    const T *bias, *x, *gate;
    T* z;                      // output for the gradient; may be null
    int64_t width, per_group;  // elements of x per row, and per group

    // Writes element `at` of y, in column `column`.
    __device__ void write(T product, int64_t column, T* y, int64_t at) const {
        const T sum = product + bias[column];
        if (z) z[at] = sum;
        y[at] = x[at] + gate[gpu::quotient(at, per_group) * width + column] * sum;
    }
};

}  // namespace astro::cuda
