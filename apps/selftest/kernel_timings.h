// How long single operations take on a backend, at the sizes of preset small, beside the least time that the device's
// memory and arithmetic allow. Arrays of that size stay in the caches of a large GPU, which are faster than its memory.
#pragma once

#include <string>
#include <vector>

#include "tensor/backend.h"
#include "tensor/cuda/cuda.h"

namespace astro::app {

struct KernelTiming {
    std::string name;
    double milliseconds = 0;           // of one call, the least of several rounds
    double gigabytes = 0;              // read and written, each array once
    double gigaflop = 0;               // multiplications and additions of products
    double roofline_milliseconds = 0;  // 0 where the device's limits are not known
};

struct TimingSizes {
    int64_t batch = 256, tokens = 48, width = 128, heads = 4, square = 4096, points = 512, parameters = 4 << 20;
    int calls = 20, rounds = 5;  // calls between two waits, and how often
};
std::vector<KernelTiming> time_kernels(Backend& backend, const DevicePeaks& peaks, const TimingSizes& sizes = {});

}  // namespace astro::app
