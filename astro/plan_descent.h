// Gradient descent on a function of plans: guidance of the planner. Each plan of a batch is optimised independently
// within [-1, 1]. The best iterate is returned, so the result is never worse than the start.
#pragma once

#include <functional>

#include "astro/config/config.h"
#include "tensor/ops.h"

namespace astro::method {

// f of each plan: (B, U, A) -> (B), at least 0; recorded on the tape.
using PlanObjective = std::function<Tensor(const Tensor& plans)>;

// spectral: a spectral projected gradient (Birgin, Martinez & Raydan, SIAM J. Optim. 2000): the first step has Polyak's
//   size f / |f'|^2, the following ones that of Barzilai and Borwein. `max_move` bounds the root mean square of a step.
// adam: steps of Adam, which scales each action separately; step sizes fall from `max_move` to 0 along a cosine.
// Multiplying f by a constant changes nothing. [ours, docs/method.md 8.6]
Tensor descend(const PlanObjective& f, const Tensor& plans, DescentRule rule, int64_t steps, double max_move);

}  // namespace astro::method
