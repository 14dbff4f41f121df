// Compares the functions of the backend with the CPU backend at sizes of several thread blocks and incomplete blocks,
// with both matrix products. Results must be identical in every thread order. The cases are in groups, so that a
// planted defect can be checked without running all of them.
#include <map>
#include <set>

#include "tests/cuda/both.h"

using namespace astro;

namespace {

const std::map<std::string, std::set<std::string>> kGroups = {
    {"elementwise", {"unary", "binary", "copy_rows", "adam", "logsumexp", "cumsum"}},
    {"casts", {"cast"}},
    {"sums", {"sum_to", "norm", "record_metric"}},
    {"rows", {"rows"}},
    {"random", {"random_uniform", "random_normal"}},
    {"nearest", {"nearest_rows"}},
    {"distances", {"pairwise_distance"}},
    {"attention", {"attention"}},
    {"layer norm", {"layer_norm"}},
    {"gemm", {"gemm"}},
    {"linear", {"linear"}},
    {"gated linear", {"gated_linear"}},
};

void run_group(const std::string& group) {
    const auto own = cuda_backend({Matmul::own}), cublas = cuda_backend(), cpu = make_cpu_backend();
    for (const BackendCase& c : backend_cases()) {
        if (!kGroups.at(group).count(c.entry)) continue;
        for (Backend* gpu : {own.get(), cublas.get()}) {
            const CaseReport report = check_case(*gpu, *cpu, c);
            INFO(c.entry, " ", c.sizes, gpu == own.get() ? ", own product: " : ": ", report.message);
            CHECK(report.ok);
            for (DType type : {DType::f32, DType::f64})
                CHECK(same_in_each_order([&] { return run_case(*gpu, type, c); }));
        }
    }
}

}  // namespace

TEST_CASE("cuda elementwise: compared with the CPU") { run_group("elementwise"); }
TEST_CASE("cuda casts: compared with the CPU") { run_group("casts"); }
TEST_CASE("cuda sums: compared with the CPU") { run_group("sums"); }
TEST_CASE("cuda rows: compared with the CPU") { run_group("rows"); }
TEST_CASE("cuda random: compared with the CPU") { run_group("random"); }
TEST_CASE("cuda nearest: compared with the CPU") { run_group("nearest"); }
TEST_CASE("cuda distances: compared with the CPU") { run_group("distances"); }
TEST_CASE("cuda attention: compared with the CPU") { run_group("attention"); }
TEST_CASE("cuda layer norm: compared with the CPU") { run_group("layer norm"); }
TEST_CASE("cuda gemm: compared with the CPU") { run_group("gemm"); }
TEST_CASE("cuda linear: compared with the CPU") { run_group("linear"); }
TEST_CASE("cuda gated linear: compared with the CPU") { run_group("gated linear"); }

TEST_CASE("cuda entries: each case of the table is in a group") {
    std::set<std::string> grouped;
    for (const auto& [group, entries] : kGroups) grouped.insert(entries.begin(), entries.end());
    for (const BackendCase& c : backend_cases()) CHECK(grouped.count(c.entry) == 1);
}
