// Compares training steps of all networks and learners, and the sampler, with the CPU backend: executed directly and as
// replayed graphs, which must give identical results.
#include "apps/selftest/device_checks.h"
#include "tests/cuda/both.h"

using namespace astro;
using namespace astro::method;

namespace {

// Other variants of networks and learners, which launch the same kernels.
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
        // Alternates between checked blocks and reused blocks, and between cuBLAS and the built-in product. (The
        // self-test runs all checks with both products.)
        CudaOptions options;
        options.emulated_cache = ++number % 2 ? 0 : 64 << 20;
        options.matmul = number / 2 % 2 ? Matmul::own : Matmul::f32;
        const auto device = cuda_backend(options);
        options.capture = false;
        const auto plain = cuda_backend(options);
        const app::DeviceReport report = check.compare({*device, *plain, *cpu});
        INFO(check.name, ": ", report.message);
        CHECK(report.ok);
    }
    CHECK(number > 8);
}

}  // namespace

TEST_CASE("cuda step: every network, executed directly and as a replayed graph, compared with the CPU; the sampler") {
    run_checks(false);
}

TEST_CASE("cuda step of other forms: the same") { run_checks(true); }
