// The kernels that this program can launch, and which of them it has.
#pragma once

#include <string>

#include "tests/cuda_emulation/launch.h"

namespace gpu::emulated {

Kernel* kernel_at(const void* address);
std::string full_name(const Kernel& kernel);  // "astro::cuda::softmax<float>"

}  // namespace gpu::emulated
