// The conservative term of CQL (Kumar et al., NeurIPS 2020), shared by both forms.
#pragma once

#include <limits>

#include "astro/learners/value.h"

namespace astro::method::learners {

// For critic i: log sum_k exp(Q_i(s, a_k) [- log p_k]) - Q_i(s, a), per row: (n). actions a_k (n, K, A); log_p (n, K)
// or undefined; q = Q_i(s, a) (n).
Tensor conservative_difference(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions,
                               const Tensor& log_p, const Tensor& q);
// The sum over critics of these terms, each at least `low`: (n). q: one tensor per critic.
Tensor conservative_differences(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p,
                                const std::vector<Tensor>& q, double low = -std::numeric_limits<double>::infinity());

}  // namespace astro::method::learners
