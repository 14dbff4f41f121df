// The op table on the CUDA backend: gradients compared with finite differences, f32 with f64, both with the CPU, and
// identical results in every thread order.
#include "tensor/check/gradcheck.h"
#include "tests/cuda/both.h"

using namespace astro;

namespace {

void run_table(const CudaOptions& options) {
    const auto gpu = cuda_backend(options), cpu = make_cpu_backend();
    for (const OpCase& op_case : op_cases()) {
        const OpReport report = check_op(*gpu, op_case, 3, 4);
        INFO(report.op, " ", report.shapes, ": ", report.message);
        CHECK(report.ok);
        const auto want = run_op(*cpu, op_case, DType::f64, 3), got = run_op(*gpu, op_case, DType::f64, 3);
        REQUIRE(got.size() == want.size());
        for (size_t i = 0; i < got.size(); ++i)
            CHECK(relative_difference(got[i], want[i]) <
                  1e-9);  // layer norm over two values loses digits by cancellation
    }
}

}  // namespace

TEST_CASE("cuda: the op table with the built-in matrix product") {
    CudaOptions options;
    options.matmul = Matmul::own;
    run_table(options);
}

TEST_CASE("cuda: the op table with cuBLAS") { run_table({}); }

TEST_CASE("cuda: the op table gives identical results in every thread order") {
    const auto gpu = cuda_backend({Matmul::own});
    for (const OpCase& op_case : op_cases())
        for (DType type : {DType::f32, DType::f64}) {
            INFO(op_case.op);
            CHECK(same_in_each_order([&] { return run_op(*gpu, op_case, type, 3); }));
        }
}
