// Faults of devices and libraries that tests can simulate.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

struct Faults {
    cudaError_t launch = cudaSuccess;   // error of kernel launches,
    int64_t good_launches = 0;          // after this number of successful launches
    cudaError_t devices = cudaSuccess;  // error of queries for devices
    int driver = 13000;                 // version; 0: no driver
    bool no_cublas = false;             // cuBLAS cannot be loaded
    int cublas_create = 0;              // status of cublasCreate
    int cublas_gemm = 0;                // status of cublasGemmEx
};
// ASTRO_EMULATION_LAUNCHES="CODE NUMBER" sets the first two for a whole program.
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
