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
    bool capture = true;                               // steps as graphs; tests compare with steps that are not
    // Under the emulator: bytes that the allocator keeps, as it does on a device; 0: every block is checked for itself.
    int64_t emulated_cache = 0;
};

// Device 0 (CUDA_VISIBLE_DEVICES chooses which that is). Null where there is none; `reason` then says why, in words
// that follow "cuda: ".
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason);

// What the device could do at best: bytes to and from its memory, f32 multiplications and additions outside tensor
// cores. False where there is no device.
struct DevicePeaks {
    double bytes_per_second = 0, flop_per_second = 0;
};
bool cuda_peaks(DevicePeaks& peaks);

}  // namespace astro
