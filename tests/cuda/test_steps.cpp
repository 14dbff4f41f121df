// A training step of every network and learner, and the sampler, on the CUDA backend and on the CPU's: as it is and as
// a replayed graph, whose bits are those of steps without graphs.
#include "apps/device_checks.h"
#include "tests/cuda/both.h"

using namespace astro;

TEST_CASE("cuda step: every network, as it is and as a replayed graph, against the CPU's; the guided sampler") {
    const auto cpu = make_cpu_backend();
    CudaOptions without_graphs;
    without_graphs.capture = false;
    const auto plain = cuda_backend(without_graphs);
    int number = 0;
    for (const app::DeviceCheck& check : app::device_checks()) {
        CudaOptions options;  // in turns: each block checked for itself, and blocks reused as on a device
        options.emulated_cache = ++number % 2 ? 0 : 64 << 20;
        const auto device = cuda_backend(options);
        const app::DeviceReport report = check.run({*device, *plain, *cpu});
        INFO(check.name, ": ", report.message);
        CHECK(report.ok);
    }
    CHECK(number > 20);
}
