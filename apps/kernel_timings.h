// How long single operations take on a backend, at the sizes of the presets small and base, beside the least time that
// the device's memory and arithmetic allow.
#pragma once

#include <string>
#include <vector>

#include "tensor/backend.h"
#include "tensor/cuda/cuda.h"

namespace astro::app {

struct KernelTiming {
    std::string name;
    double milliseconds = 0;  // of one call, the least of several rounds
    double gigabytes = 0;     // read and written, each array once
    double gigaflop = 0;      // multiplications and additions of products
    double roofline_milliseconds = 0;
};

std::vector<KernelTiming> time_kernels(Backend& backend, const DevicePeaks& peaks);

}  // namespace astro::app
