// CQL as in CORL: the losses of its two learnt scalars, and its factory function. See cql.cpp for both forms of CQL.
#pragma once

#include "astro/learners/learner.h"

namespace astro::method::learners {

// CORL's losses for the two scalars, each learnt as its logarithm (1).
// Temperature alpha: -mean log_alpha (log p + H), H = -A.
Tensor temperature_loss(const Tensor& log_alpha, const Tensor& mean_log_p, int64_t actions);
// Lagrange multiplier alpha_C = clamp(exp(log_multiplier), 0, 1e6): -1/2 sum_i alpha_C (w difference_i - w gap);
// differences: their sum over the two critics, a constant.
Tensor lagrange_strength(const Tensor& log_multiplier, double weight);  // alpha_C w
Tensor multiplier_loss(const Tensor& log_multiplier, double weight, const Tensor& differences, double gap);

Factory make_cql_pure;  // CORL's form

}  // namespace astro::method::learners
