// What tests make go wrong, as devices and libraries do.
#pragma once

#include <cstdlib>

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

struct Faults {
    // What every launch of a kernel fails with; ASTRO_EMULATION_LAUNCHES gives it to a whole program.
    cudaError_t launch = cudaSuccess;
    bool no_cublas = false;  // the library is not found
    int cublas_create = 0;   // status that cublasCreate gives
};
inline Faults& faults() {
    static Faults only = [] {
        Faults asked;
        if (const char* code = std::getenv("ASTRO_EMULATION_LAUNCHES")) asked.launch = cudaError_t(std::atoi(code));
        return asked;
    }();
    return only;
}

}  // namespace gpu::emulated
