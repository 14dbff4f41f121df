// A backend that counts the operations of the CUDA backend while another backend executes them. It serves to estimate
// the time on a GPU that is not available. A matrix product counts as one kernel (cuBLAS), and so does a copy within
// the device. tests/cuda compares the counts with the launches of the CUDA backend.
#pragma once

#include <vector>

#include "tensor/backend.h"

namespace astro::app {

struct DeviceWork {
    int64_t launches = 0;  // kernels that the CUDA backend launches
    int64_t graphs = 0;    // graph launches that replace them for captured steps
    int64_t copies = 0;    // copies between host and device
    int64_t waits = 0;     // how often the host waits for the device
    double bytes = 0;      // bytes read and written, each array once per kernel
    double flop = 0;       // floating-point operations of matrix products
    // Lower bound on the time: the sum over kernels of the larger of memory time and arithmetic time.
    double seconds(double bytes_per_second, double flop_per_second) const;

    struct Kernel {
        double bytes, flop;
    };
    std::vector<Kernel> kernels;
};

// Forwards all calls to `backend` and adds to `work`; both must outlive the result. Use it on one thread only.
std::unique_ptr<Backend> make_counting_backend(Backend& backend, DeviceWork& work);

}  // namespace astro::app
