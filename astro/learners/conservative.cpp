#include "astro/learners/conservative.h"

#include <cmath>

namespace astro::method::learners {

Tensor conservative_difference(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions,
                               const Tensor& log_p, const Tensor& q) {
    const int64_t size = actions.dim(0), n = actions.dim(1);
    const Tensor inputs = repeat_inputs(rows.value_input, n);  // (size n, I)
    Tensor sampled = critics(i, inputs, actions.reshape(Shape{size * n, actions.dim(2)})).reshape(Shape{size, n});
    if (log_p.defined()) sampled = sampled - log_p;
    return logsumexp(sampled) - q;
}

Tensor conservative_differences(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p,
                                const std::vector<Tensor>& q, double low) {
    Tensor total;
    for (size_t i = 0; i < critics.q.size(); ++i) {
        Tensor difference = conservative_difference(critics, i, rows, actions, log_p, q[i]);
        if (std::isfinite(low)) difference = clamp(difference, low, 1e30);
        total = i == 0 ? difference : total + difference;
    }
    return total;
}

}  // namespace astro::method::learners
