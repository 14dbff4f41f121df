// Descent on a function of plans: guidance of the planner. Each plan of a batch descends by itself, within [-1, 1], and
// the best one on its way is kept, so that no step can make a plan worse.
#pragma once

#include <functional>

#include "astro/config/config.h"
#include "tensor/ops.h"

namespace astro::method {

// f of each plan: (B, U, A) -> (B), at least 0; recorded on the tape.
using PlanObjective = std::function<Tensor(const Tensor& plans)>;

// spectral: a spectral projected gradient (Birgin, Martinez & Raydan, SIAM J. Optim. 2000): the first step has Polyak's
//   size f / |f'|^2, the following ones that of Barzilai and Borwein. `move` bounds the root mean square of a step.
// adam: steps of Adam, which scale each action by itself; sizes fall from `move` to 0 along a cosine.
// Scaling f by a constant changes nothing. [ours, docs/method.md 8.6]
Tensor descend(const PlanObjective& f, const Tensor& plans, DescentRule rule, int64_t steps, double move);

}  // namespace astro::method
