// The losses of IQL, each with its batch as an argument.
#pragma once

#include "astro/learners/value.h"

namespace astro::learners {

// sum over rows of w A^2, w = tau where the advantage A = target_q - V >= 0, else 1 - tau; divided by count.
Tensor expectile_loss(const Tensor& advantage, double tau, int64_t count);

// min(exp(beta A), cap) for advantages A (B): (B, 1); with `normalised`, A is first divided by its deviation over the
// batch.
Tensor awr_weights(const Tensor& advantage, double beta, double cap, bool normalised);

// sum over rows of weight |pi(input) - a|^2, divided by count; weight (n, 1).
Tensor awr_loss(const Actor& actor, const Batch& rows, const Tensor& weight, int64_t count);

}  // namespace astro::learners
