// cuBLAS, opened at run time (cublas_load.cu), so that the program starts and works without the library; an
// emulator fills the table with products of its own and is linked in place of cublas_load.cu.
#pragma once

#include <string>

#include "tensor/cuda/cublas_table.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// False where there is no cuBLAS; `reason` says why.
bool load_cublas(CublasTable& table, std::string& reason);

}  // namespace astro::cuda
