// Gradient checks in f64: reverse mode is compared with central differences, for a random cotangent.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/ops.h"
#include "tensor/rng.h"

namespace astro {

using OpFunction = std::function<Tensor(const std::vector<Tensor>&)>;

struct GradCheck {
    bool ok = true;
    double worst = 0;     // largest |analytic - numeric| / tolerance; up to 1 passes
    std::string message;  // the first failing element, if not ok
};

// Checks the gradient of sum(f(inputs) * cotangent) at the given f64 inputs. Tolerance: absolute + relative *
// |numeric|. At most `limit` elements of each input are checked; of larger inputs, a random sample.
GradCheck gradcheck(const OpFunction& f, const std::vector<Tensor>& inputs, Rng rng, double step = 1e-6,
                    double absolute = 1e-7, double relative = 1e-5, int64_t limit = 200);

// One op at one set of shapes. Inputs are drawn from [low, high), away from `kinks`, where f is not differentiable.
struct OpCase {
    std::string op;
    std::vector<Shape> shapes;
    OpFunction f;
    double low = -2, high = 2;
    std::vector<double> kinks = {};
    bool through = false;  // straight-through: the derivative is 1 by definition, so differences do not apply
};

std::string shapes_of(const OpCase& op_case);  // "[2, 3][3, 4]"

// All ops of ops.h, with sizes 0 and 1, odd sizes, and broadcasting. tests/structure.sh fails if an op is missing.
std::vector<OpCase> op_cases();

// Draws the case's inputs in f64, away from its kinks.
std::vector<Tensor> draw_inputs(Backend& backend, const OpCase& op_case, Rng& rng);

struct OpReport {
    std::string op, shapes, message;
    double worst_gradient = 0;  // in units of the tolerance
    double worst_f32 = 0;       // |f32 - f64| / (1 + |f64|)
    bool ok = true;
};

// Runs a case: checks the gradient in f64 (at most `limit` elements per input), and compares the f32 result and
// gradient with f64.
OpReport check_op(Backend& backend, const OpCase& op_case, uint64_t seed, int64_t limit = 200);

// The result of a case and the gradient of each input for a random cotangent, as doubles.
std::vector<std::vector<double>> run_op(Backend& backend, const OpCase& op_case, DType type, uint64_t seed);

}  // namespace astro
