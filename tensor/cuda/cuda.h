// The CUDA backend as the rest of the program sees it. A program built without CUDA links none.cpp instead.
#pragma once

#include <memory>
#include <string>

#include "tensor/backend.h"

namespace astro {

// Who multiplies matrices of f32, and what it rounds their elements to before; sums are f32 always. f32, tf32, bf16:
// cuBLAS, or where there is none the built-in product, which knows f32 alone. own: the built-in product, f32.
enum class Matmul { f32, tf32, bf16, own };

struct CudaOptions {
    Matmul matmul = Matmul::f32;
    bool capture = true;  // steps as graphs; tests compare with steps that are not
    // Under the emulator: bytes that the allocator keeps, as it does on a device; 0: every block is checked for itself.
    int64_t emulated_cache = 0;
};

// Device 0 (CUDA_VISIBLE_DEVICES chooses which that is), once it has run a kernel and given the right result. Null
// where there is none, or none that this program can use; `reason` then says why, in words that follow "cuda: ".
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason);

// Whether there is a device or a driver, of any kind: where there is, a device that cannot be used is a failure and not
// a machine without one.
bool cuda_present();

// What the device could do at best: bytes to and from its memory, f32 multiplications and additions outside tensor
// cores. False where there is no device, or where it does not tell.
struct DevicePeaks {
    double bytes_per_second = 0, flop_per_second = 0;
};
bool cuda_peaks(DevicePeaks& peaks);

}  // namespace astro
