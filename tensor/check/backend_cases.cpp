#include "tensor/check/backend_cases.h"

#include <cmath>

#include "tensor/base/rows.h"
#include "tensor/check/backend_cases_impl.h"

namespace astro {

namespace {

std::vector<std::vector<double>> outputs_of(Backend& backend, DType type, const BackendCase& c,
                                            const BackendEntry& entry) {
    std::vector<Tensor> in, out;
    std::vector<const void*> from;
    std::vector<void*> to;
    for (const auto& values : c.in) in.push_back(Tensor::from(backend, Shape{ssize(values)}, values).cast(type));
    for (int64_t n : c.out) out.push_back(Tensor::full(backend, type, Shape{n}, 1));
    for (const Tensor& t : in) from.push_back(t.raw());
    for (Tensor& t : out) to.push_back(t.raw());
    entry(backend, type, from, to);
    std::vector<std::vector<double>> results;
    for (const Tensor& t : out) results.push_back(t.cast(DType::f64).to_vector<double>());
    return results;
}

}  // namespace

std::vector<double> random_values(int64_t n, uint64_t seed, double low, double high) {
    Rng rng(seed);
    std::vector<double> values(to_size(n));
    for (double& v : values) v = rng.uniform(low, high);
    return values;
}

double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return HUGE_VAL;
    double difference = 0, size = 0;
    for (size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i]) difference += (a[i] - b[i]) * (a[i] - b[i]);
    for (double v : b) size += v * v;
    return difference == 0 ? 0 : std::sqrt(difference / size);
}

std::vector<std::vector<double>> run_case(Backend& backend, DType type, const BackendCase& c) {
    return outputs_of(backend, type, c, c.call);
}

CaseReport check_case(Backend& backend, Backend& cpu, const BackendCase& c) {
    CaseReport report;
    const auto exact = outputs_of(cpu, DType::f64, c, c.reference ? c.reference : c.call);
    for (DType type : {DType::f32, DType::f64}) {
        const auto got = run_case(backend, type, c);
        const double tolerance = type == DType::f32 ? c.tolerance_f32 : c.tolerance_f64;
        for (size_t i = 0; i < got.size(); ++i) {
            const double difference = relative_difference(got[i], exact[i]);
            if (type == DType::f32) report.worst = std::max(report.worst, difference);
            if (difference <= tolerance) continue;
            report.ok = false;
            report.message = text("array ", i, " in ", dtype_name(type), " is off by ", difference, " of its norm");
        }
    }
    return report;
}

std::vector<BackendCase> backend_cases() {
    CaseTable table;
    add_elementwise_cases(table);
    add_sum_cases(table);
    add_row_cases(table);
    add_random_cases(table);
    add_product_cases(table);
    add_layer_cases(table);
    return std::move(table.cases);
}

}  // namespace astro
