// A training step of every network and learner, and the sampler, on the CUDA backend and on the CPU's: as it is and as
// a replayed graph, whose bits are those of steps without graphs.
#include "apps/selftest/device_checks.h"
#include "tests/cuda/both.h"

using namespace astro;
using namespace astro::method;

namespace {

// Other settings of networks and learners that are there already: they launch the same kernels.
bool is_another_form(const std::string& name) {
    for (const char* form : {"single task", "random gap", "lagrange", "hilp"})
        if (name.find(form) != std::string::npos) return true;
    return false;
}

void run_checks(bool other_forms) {
    const auto cpu = make_cpu_backend();
    int number = 0;
    for (const app::DeviceCheck& check : app::device_checks()) {
        if (is_another_form(check.name) != other_forms) continue;
        // In turns each block checked for itself and blocks reused as on a device, cuBLAS and the built-in product.
        // (The self-test takes each check with both products.)
        CudaOptions options;
        options.emulated_cache = ++number % 2 ? 0 : 64 << 20;
        options.matmul = number / 2 % 2 ? Matmul::own : Matmul::f32;
        const auto device = cuda_backend(options);
        options.capture = false;
        const auto plain = cuda_backend(options);
        const app::DeviceReport report = check.run({*device, *plain, *cpu});
        INFO(check.name, ": ", report.message);
        CHECK(report.ok);
    }
    CHECK(number > 8);
}

}  // namespace

TEST_CASE("cuda step: every network, as it is and as a replayed graph, against the CPU's; the guided sampler") {
    run_checks(false);
}

TEST_CASE("cuda step of other forms: the same") { run_checks(true); }
