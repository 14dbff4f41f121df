// Several networks that estimate one quantity: critics, state values, heads of the TDR. A vector has one tensor per
// network, all of one shape.
#pragma once

#include <vector>

#include "tensor/ops.h"

namespace astro::method {

Tensor min_of(const std::vector<Tensor>& each);   // min_i x_i
Tensor mean_of(const std::vector<Tensor>& each);  // mean_i x_i

// sum_i (x_i - y_i)^2, where y has one tensor for each network or one for all.
Tensor squared_errors(const std::vector<Tensor>& x, const std::vector<Tensor>& y);

// The columns of x (n, K) as K tensors (n, 1).
std::vector<Tensor> columns_of(const Tensor& x);

}  // namespace astro::method
