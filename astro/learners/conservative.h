// CQL's conservative term (Kumar et al., NeurIPS 2020), which both of its forms hold.
#pragma once

#include <limits>

#include "astro/learners/value.h"

namespace astro::method::learners {

// Of critic i: log sum_k exp(Q_i(s, a_k) [- log p_k]) - Q_i(s, a), each row's own: (n).
// actions a_k (n, K, A); log_p (n, K) or undefined; q = Q_i(s, a) (n).
Tensor conservative_difference(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions,
                               const Tensor& log_p, const Tensor& q);
// Their sum over critics, each no less than `low`: (n). q: of every critic.
Tensor conservative_differences(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p,
                                const std::vector<Tensor>& q, double low = -std::numeric_limits<double>::infinity());

}  // namespace astro::method::learners
