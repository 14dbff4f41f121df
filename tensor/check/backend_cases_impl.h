// The parts that make up the table of backend_cases.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tensor/check/backend_cases.h"

namespace astro {

struct CaseTable {
    std::vector<BackendCase> cases;
    BackendCase& add(const std::string& entry, const std::string& sizes, std::vector<std::vector<double>> in,
                     std::vector<int64_t> out, BackendEntry call) {
        cases.push_back({entry, sizes, std::move(in), std::move(out), std::move(call)});
        return cases.back();
    }
};

std::vector<double> random_values(int64_t n, uint64_t seed, double low = -1, double high = 1);

void add_elementwise_cases(CaseTable& table);  // backend_cases_arrays.cpp
void add_sum_cases(CaseTable& table);
void add_row_cases(CaseTable& table);
void add_random_cases(CaseTable& table);
void add_product_cases(CaseTable& table);  // backend_cases_layers.cpp
void add_layer_cases(CaseTable& table);

}  // namespace astro
