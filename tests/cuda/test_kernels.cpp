// The entries of the backend at sizes of several blocks, pieces and tails, with both matrix products, against the
// CPU's; the same bits in every thread order. In groups, so that a planted defect need not wait for all of them.
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

TEST_CASE("cuda elementwise: entries against the CPU's") { run_group("elementwise"); }
TEST_CASE("cuda casts: entries against the CPU's") { run_group("casts"); }
TEST_CASE("cuda sums: entries against the CPU's") { run_group("sums"); }
TEST_CASE("cuda rows: entries against the CPU's") { run_group("rows"); }
TEST_CASE("cuda random: entries against the CPU's") { run_group("random"); }
TEST_CASE("cuda nearest: entries against the CPU's") { run_group("nearest"); }
TEST_CASE("cuda distances: entries against the CPU's") { run_group("distances"); }
TEST_CASE("cuda attention: entries against the CPU's") { run_group("attention"); }
TEST_CASE("cuda layer norm: entries against the CPU's") { run_group("layer norm"); }
TEST_CASE("cuda gemm: entries against the CPU's") { run_group("gemm"); }
TEST_CASE("cuda linear: entries against the CPU's") { run_group("linear"); }
TEST_CASE("cuda gated linear: entries against the CPU's") { run_group("gated linear"); }

TEST_CASE("cuda entries: each case of the table is in a group") {
    std::set<std::string> grouped;
    for (const auto& [group, entries] : kGroups) grouped.insert(entries.begin(), entries.end());
    for (const BackendCase& c : backend_cases()) CHECK(grouped.count(c.entry) == 1);
}
