// Times of single operations on a backend at the sizes of preset small, and lower bounds given by the memory bandwidth
// and arithmetic of the device. Arrays of this size fit in the caches of a large GPU, which are faster than its memory.
#pragma once

#include <string>
#include <vector>

#include "tensor/backend.h"
#include "tensor/cuda/cuda.h"

namespace astro::app {

struct KernelTiming {
    std::string name;
    double milliseconds = 0;           // per call, minimum of several rounds
    double gigabytes = 0;              // read and written, each array once
    double gigaflop = 0;               // operations of matrix products
    double roofline_milliseconds = 0;  // lower bound; 0 if the peak rates of the device are not known
};

struct TimingSizes {
    int64_t batch = 256, tokens = 48, width = 128, heads = 4, square = 4096, points = 512, parameters = 4 << 20;
    int calls = 20, rounds = 5;  // calls per round, and number of rounds
};
std::vector<KernelTiming> time_kernels(Backend& backend, const DevicePeaks& peaks, const TimingSizes& sizes = {});

}  // namespace astro::app
