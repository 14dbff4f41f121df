#include "tensor/check/gradcheck.h"

#include <cmath>

#include "tensor/base/rows.h"

namespace astro {

namespace {

std::vector<Tensor> gradients(const OpFunction& f, const std::vector<Tensor>& inputs, const Tensor& cotangent) {
    Tape tape;
    std::vector<Tensor> watched, result;
    for (const Tensor& x : inputs) watched.push_back(tape.watch(x));
    Tensor y = f(watched);
    if (tape.node_of(y) >= 0) tape.backward({y}, {cotangent});
    for (const Tensor& x : watched) result.push_back(tape.gradient(x));
    return result;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// Rounds to f32, so that f32 and f64 runs have identical inputs and differ only in their arithmetic.
double in_single(double x) { return static_cast<double>(static_cast<float>(x)); }

Tensor random_like(const Tensor& y, Rng& rng) {
    std::vector<double> values(to_size(y.numel()));
    for (double& v : values) v = in_single(rng.uniform(-1, 1));
    return Tensor::from(y.backend(), y.shape(), values);
}

}  // namespace

std::string shapes_of(const OpCase& op_case) {
    std::string words;
    for (const Shape& shape : op_case.shapes) words += text(shape);
    return words;
}

GradCheck gradcheck(const OpFunction& f, const std::vector<Tensor>& inputs, Rng rng, double step, double absolute,
                    double relative, int64_t limit) {
    GradCheck result;
    Tensor cotangent = random_like(f(inputs), rng);
    const std::vector<double> weights = cotangent.to_vector<double>();
    const std::vector<Tensor> analytic = gradients(f, inputs, cotangent);
    for (size_t i = 0; i < inputs.size(); ++i) {
        const std::vector<double> g = analytic[i].to_vector<double>(), values = inputs[i].to_vector<double>();
        const int64_t n = inputs[i].numel(), checks = n < limit ? n : limit;
        for (int64_t c = 0; c < checks; ++c) {
            const int64_t at = n <= limit ? c : rng.below(n);
            double side[2];
            for (int s = 0; s < 2; ++s) {
                std::vector<Tensor> moved = inputs;
                std::vector<double> shifted = values;
                nth(shifted, at) += s ? step : -step;
                moved[i] = Tensor::from(inputs[i].backend(), inputs[i].shape(), shifted);
                side[s] = dot(f(moved).to_vector<double>(), weights);
            }
            const double numeric = (side[1] - side[0]) / (2 * step), got = nth(g, at);
            const double error = std::fabs(numeric - got) / (absolute + relative * std::fabs(numeric));
            if (error > result.worst || std::isnan(error)) result.worst = error;
            if (!(error <= 1) && result.ok) {
                result.ok = false;
                result.message = text("input ", i, " element ", at, ": gradient ", got, ", by differences ", numeric);
            }
        }
    }
    return result;
}

std::vector<Tensor> draw_inputs(Backend& backend, const OpCase& op_case, Rng& rng) {
    std::vector<Tensor> inputs;
    for (const Shape& shape : op_case.shapes) {
        std::vector<double> values(to_size(shape.numel()));
        for (double& v : values) {
            bool near = true;
            while (near) {
                v = in_single(rng.uniform(op_case.low, op_case.high));
                near = false;
                for (double kink : op_case.kinks) near = near || std::fabs(v - kink) < 1e-3;
            }
        }
        inputs.push_back(Tensor::from(backend, shape, values));
    }
    return inputs;
}

OpReport check_op(Backend& backend, const OpCase& op_case, uint64_t seed, int64_t limit) {
    OpReport report;
    report.op = op_case.op;
    report.shapes = shapes_of(op_case);
    Rng rng = Rng(seed).stream(op_case.op + report.shapes);
    std::vector<Tensor> inputs = draw_inputs(backend, op_case, rng);
    Tensor y = op_case.f(inputs);
    Tensor cotangent = random_like(y, rng);
    std::vector<Tensor> exact = gradients(op_case.f, inputs, cotangent);
    if (op_case.through) {  // gradient = cotangent by definition
        for (size_t i = 0; i < exact.size(); ++i)
            if (exact[i].to_vector<double>() != cotangent.to_vector<double>()) {
                report.ok = false;
                report.message = "straight-through gradient is not the cotangent";
            }
    } else {
        GradCheck check = gradcheck(op_case.f, inputs, rng.stream("gradcheck"), 1e-6, 1e-7, 1e-5, limit);
        report.ok = check.ok;
        report.worst_gradient = check.worst;
        report.message = check.message;
    }
    std::vector<Tensor> single;
    for (const Tensor& x : inputs) single.push_back(x.cast(DType::f32));
    std::vector<Tensor> results = {op_case.f(single)}, wanted = {y};
    for (const Tensor& g : gradients(op_case.f, single, cotangent.cast(DType::f32))) results.push_back(g);
    for (const Tensor& g : exact) wanted.push_back(g);
    for (size_t i = 0; i < results.size(); ++i) {
        const auto got = results[i].cast(DType::f64).to_vector<double>(), want = wanted[i].to_vector<double>();
        for (size_t j = 0; j < got.size(); ++j) {
            const double error = std::fabs(got[j] - want[j]) / (1 + std::fabs(want[j]));
            if (!(error <= report.worst_f32)) report.worst_f32 = error;
        }
    }
    if (!(report.worst_f32 < 2e-5) && report.ok) {
        report.ok = false;
        report.message = text("f32 differs from f64 by ", report.worst_f32);
    }
    return report;
}

std::vector<std::vector<double>> run_op(Backend& backend, const OpCase& op_case, DType type, uint64_t seed) {
    Rng rng = Rng(seed).stream(op_case.op + shapes_of(op_case));
    std::vector<Tensor> inputs;
    for (const Tensor& x : draw_inputs(backend, op_case, rng)) inputs.push_back(x.cast(type));
    const Tensor y = op_case.f(inputs);
    std::vector<std::vector<double>> results = {y.cast(DType::f64).to_vector<double>()};
    for (const Tensor& g : gradients(op_case.f, inputs, random_like(y, rng).cast(type)))
        results.push_back(g.cast(DType::f64).to_vector<double>());
    return results;
}

}  // namespace astro
