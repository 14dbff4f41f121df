// Counts what a step asks of a device, while another backend carries it out: for the roofline of a GPU that is not
// there. Matrix products are counted as cuBLAS's, which a device has by default, and each of them as one kernel; a copy
// within the device counts as a kernel, too. tests/cuda holds the counts against the CUDA backend's launches.
#pragma once

#include <vector>

#include "tensor/backend.h"

namespace astro::app {

struct DeviceWork {
    int64_t launches = 0;  // kernels as the CUDA backend launches them
    int64_t graphs = 0;    // that it launches in their place where a step is captured
    int64_t copies = 0;    // between host and device
    int64_t waits = 0;     // of the host for the device
    double bytes = 0;      // each array that a kernel reads or writes, once
    double flop = 0;       // multiplications and additions of products
    // The least time on a device: each kernel by its memory or by its arithmetic, whichever takes longer.
    double seconds(double bytes_per_second, double flop_per_second) const;

    struct Kernel {
        double bytes, flop;
    };
    std::vector<Kernel> kernels;
};

// Forwards everything to `backend` and adds to `work`; both must outlive it. For one thread.
std::unique_ptr<Backend> make_counting_backend(Backend& backend, DeviceWork& work);

}  // namespace astro::app
