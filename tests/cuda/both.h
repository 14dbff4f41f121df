// Tools for tests of the CUDA backend on the emulator.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tensor/check/backend_cases.h"
#include "tensor/cuda/cuda.h"
#include "tensor/tensor.h"
#include "tests/cuda_emulation/scheduler.h"

namespace astro {

inline std::unique_ptr<Backend> cuda_backend(const CudaOptions& options = {}) {
    std::string reason;
    std::unique_ptr<Backend> backend = make_cuda_backend(options, reason);
    REQUIRE_MESSAGE(backend, reason);
    return backend;
}

// Runs `work` in each thread order. Returns whether all results are identical.
template <class Work>
bool same_in_each_order(Work work) {
    using gpu::emulated::Order;
    const auto first = work();
    bool same = true;
    for (Order order : {Order::reversed, Order::random}) {
        gpu::emulated::set_order(order, 11);
        same = same && work() == first;
    }
    gpu::emulated::set_order(Order::forward);
    return same;
}

}  // namespace astro
