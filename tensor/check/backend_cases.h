// Entries of the Backend contract at sizes beyond the op table's: several blocks of a device's grid, pieces of long
// sums, tails of tiles, every form an entry has. Each is run on a backend and compared with f64 on the CPU, whose own
// entries the op table and the tests of the ops hold against differences and other programs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace astro {

// Calls the contract with arrays of one type, f32 or f64, on the backend.
using BackendEntry =
    std::function<void(Backend&, DType, const std::vector<const void*>& in, const std::vector<void*>& out)>;

struct BackendCase {
    std::string entry, sizes;
    std::vector<std::vector<double>> in;
    std::vector<int64_t> out;  // elements of the arrays that the entry writes; they start as ones, as some are added to
    BackendEntry call;
    BackendEntry reference = nullptr;  // the same by other entries; null: `call`
    // |got - exact| <= tolerance |exact| by Euclidean norms, for each array; 0: bit for bit.
    double tolerance_f32 = 2e-6, tolerance_f64 = 1e-12;
};

std::vector<BackendCase> backend_cases();

// What a case leaves, as doubles.
std::vector<std::vector<double>> run_case(Backend& backend, DType type, const BackendCase& c);

struct CaseReport {
    bool ok = true;
    double worst = 0;     // largest |got - exact| / |exact| of f32
    std::string message;  // where, if not ok
};
// In f32 and f64, against f64 on `cpu`.
CaseReport check_case(Backend& backend, Backend& cpu, const BackendCase& c);

// |a - b| / |b| by Euclidean norms: 0 where equal, NaN where an element of one is and the other's is not.
double relative_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace astro
