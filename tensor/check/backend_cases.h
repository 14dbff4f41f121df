// Test cases for the functions of Backend, at larger sizes than those of the op table: several thread blocks, long sums
// that are split, incomplete tiles, and all combinations of optional arguments. Each case runs on a backend and is
// compared with f64 on the CPU. The CPU functions themselves are checked by the op table (finite differences) and by
// the tests of the ops (results of other programs).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace astro {

// Calls functions of the backend with arrays of type f32 or f64.
using BackendEntry =
    std::function<void(Backend&, DType, const std::vector<const void*>& in, const std::vector<void*>& out)>;

struct BackendCase {
    std::string entry, sizes;
    std::vector<std::vector<double>> in;
    std::vector<int64_t> out;  // sizes of the output arrays; they are filled with ones, since some calls accumulate
    BackendEntry call;
    BackendEntry reference = nullptr;  // computes the expected result in another way; null: `call` on the CPU
    // For each array: |got - exact| <= tolerance * |exact| in Euclidean norms. 0 requires equality.
    double tolerance_f32 = 2e-6, tolerance_f64 = 1e-12;
};

std::vector<BackendCase> backend_cases();

// The output arrays of a case, as doubles.
std::vector<std::vector<double>> run_case(Backend& backend, DType type, const BackendCase& c);

struct CaseReport {
    bool ok = true;
    double worst = 0;     // largest |got - exact| / |exact| in f32
    std::string message;  // the failing array, if not ok
};
// Runs a case in f32 and f64 and compares the results with f64 on `cpu`.
CaseReport check_case(Backend& backend, Backend& cpu, const BackendCase& c);

// |a - b| / |b| in Euclidean norms. 0 if the elements are equal; NaN if they are not and one of them is NaN.
double relative_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace astro
