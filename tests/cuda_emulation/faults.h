// What tests make go wrong, as devices and libraries do.
#pragma once

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

struct Faults {
    cudaError_t launch = cudaSuccess;  // what every launch of a kernel fails with
    bool no_cublas = false;            // the library is not found
    int cublas_create = 0;             // status that cublasCreate gives
};
inline Faults& faults() {
    static Faults only;
    return only;
}

}  // namespace gpu::emulated
