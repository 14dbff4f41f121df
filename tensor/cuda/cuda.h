// The CUDA backend as the rest of the program sees it. A program built without CUDA links none.cpp instead.
#pragma once

#include <memory>
#include <string>

#include "tensor/backend.h"

namespace astro {

// What matrix products of f32 round their inputs to before they multiply; sums are f32 always.
enum class MatmulPrecision { f32, tf32, bf16 };

struct CudaOptions {
    bool own_gemm = false;                             // the built-in matrix product, not cuBLAS
    MatmulPrecision precision = MatmulPrecision::f32;  // cuBLAS alone knows the others
};

// Device 0 (CUDA_VISIBLE_DEVICES chooses which that is). Null where there is none; `reason` then says why, in words
// that follow "cuda: ".
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason);

}  // namespace astro
