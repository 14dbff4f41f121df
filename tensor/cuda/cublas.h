// cuBLAS, loaded at run time (cublas_load.cu), so that the program also works without the library. An emulator links
// its own matrix products in place of cublas_load.cu.
#pragma once

#include <string>

#include "tensor/cuda/cublas_table.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// Returns false if cuBLAS is not available; `reason` then explains why.
bool load_cublas(CublasTable& table, std::string& reason);

}  // namespace astro::cuda
