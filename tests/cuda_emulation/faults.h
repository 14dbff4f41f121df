// What tests make go wrong, as devices and libraries do.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

struct Faults {
    cudaError_t launch = cudaSuccess;   // what launches of kernels fail with,
    int64_t good_launches = 0;          // after so many
    cudaError_t devices = cudaSuccess;  // what asking for devices fails with
    int driver = 13000;                 // version, 0 where there is no driver
    bool no_cublas = false;             // the library is not found
    int cublas_create = 0;              // status that cublasCreate gives
    int cublas_gemm = 0;                // and cublasGemmEx
};
// ASTRO_EMULATION_LAUNCHES="CODE NUMBER" gives the first two to a whole program.
inline Faults& faults() {
    static Faults only = [] {
        Faults asked;
        if (const char* code = std::getenv("ASTRO_EMULATION_LAUNCHES")) {
            char* rest = nullptr;
            asked.launch = cudaError_t(std::strtol(code, &rest, 10));
            asked.good_launches = std::strtol(rest, nullptr, 10);
        }
        return asked;
    }();
    return only;
}

}  // namespace gpu::emulated
