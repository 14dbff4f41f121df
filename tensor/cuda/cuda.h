// The interface of the CUDA backend. A program built without CUDA links none.cpp instead.
#pragma once

#include <memory>
#include <string>

#include "tensor/backend.h"

namespace astro {

// The implementation of f32 matrix products, and the type that elements are rounded to before multiplication. Sums are
// always f32. f32, tf32, bf16: cuBLAS; without cuBLAS, f32 uses the built-in product, and tf32 and bf16 fail. own: the
// built-in product, in f32.
enum class Matmul { f32, tf32, bf16, own };

struct CudaOptions {
    Matmul matmul = Matmul::f32;
    bool capture = true;  // record training steps as CUDA graphs; tests compare both modes
    // Under emulation: cache limit of the allocator in bytes; 0: no cache, so that accesses to each block are checked.
    int64_t emulated_cache = 0;
};

// The backend of device 0 (selected by CUDA_VISIBLE_DEVICES), after a kernel on it has returned the correct result.
// Returns null if there is no usable device; `reason` then explains why, as text to be printed after "cuda: ".
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason);

// Whether the machine has a CUDA device or driver. If it has, an unusable device is reported as an error; otherwise the
// machine simply has no GPU.
bool cuda_present();

// Theoretical peak rates of the device: memory bandwidth, and f32 floating-point operations without tensor cores.
// Returns false if there is no device or if it does not report them.
struct DevicePeaks {
    double bytes_per_second = 0, flop_per_second = 0;
};
bool cuda_peaks(DevicePeaks& peaks);

}  // namespace astro
