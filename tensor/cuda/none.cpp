// Replaces the CUDA backend in a program built without CUDA.
#include "tensor/cuda/cuda.h"

namespace astro {

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions&, std::string& reason) {
    reason = "this program was built without CUDA";
    return nullptr;
}

bool cuda_present() { return false; }

bool cuda_peaks(DevicePeaks&) { return false; }

}  // namespace astro
