// Gradient checks in f64: reverse mode against central differences, with a random cotangent.
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
    double worst = 0;     // largest |analytic - numeric| / (tolerance), so <= 1 passes
    std::string message;  // where, if not ok
};

// Checks d(sum(f(inputs) * cotangent))/d(inputs) at the given f64 inputs. Error allowed: absolute + relative *
// |numeric|. Elements of an input are all checked up to `most`, beyond that a random sample.
GradCheck gradcheck(const OpFunction& f, const std::vector<Tensor>& inputs, Rng rng, double step = 1e-6,
                    double absolute = 1e-7, double relative = 1e-5, int64_t most = 200);

// One op at one set of sizes. `low`..`high`: where inputs are drawn; `kinks`: values no input may come near.
struct OpCase {
    std::string op;
    std::vector<Shape> shapes;
    OpFunction f;
    double low = -2, high = 2;
    std::vector<double> kinks = {};
    bool through = false;  // the derivative is 1 by definition (straight-through), not by differences
};

std::string shapes_of(const OpCase& op_case);  // "[2, 3][3, 4]"

// Every op of ops.h at sizes 0, 1, odd and broadcast. tests/structure.sh fails when an op is missing.
std::vector<OpCase> op_cases();

// Draws the case's inputs in f64, away from its kinks.
std::vector<Tensor> draw_inputs(Backend& backend, const OpCase& op_case, Rng& rng);

struct OpReport {
    std::string op, shapes, message;
    double worst_gradient = 0;  // in units of the tolerance
    double worst_f32 = 0;       // |f32 - f64| / (1 + |f64|)
    bool ok = true;
};

// Runs a case: gradient check in f64 (of at most `most` elements of an input), and the f32 result and gradient against
// f64.
OpReport check_op(Backend& backend, const OpCase& op_case, uint64_t seed, int64_t most = 200);

// The result of a case, and the gradient of each input for a random cotangent, as doubles.
std::vector<std::vector<double>> run_op(Backend& backend, const OpCase& op_case, DType type, uint64_t seed);

}  // namespace astro
