// The names of the kernels that this program can launch.
#pragma once

#include <string>

#include "tests/cuda_emulation/launch.h"

namespace gpu::emulated {

std::string full_name(const Kernel& kernel);  // "astro::cuda::softmax<float>"

}  // namespace gpu::emulated
