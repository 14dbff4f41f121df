// The weight of expectile regression, shared by the TDR, IQL, GCIVL and HIQL (docs/method.md 4.2, 10.5, 10.9).
#pragma once

#include "astro/ensemble.h"

namespace astro::method {

// w_tau(Adv): tau if the advantage is at least 0, else 1 - tau. No gradient passes through it.
inline Tensor expectile_weight(const Tensor& advantage, double tau) { return heaviside(advantage, tau, 1 - tau); }

// The weight of implicit value learning, of HILP's triples (4.6), GCIVL and HIQL (10.13): w_tau(min_i y_i - mean_i
// V'_i), from the targets y_i of each network and the mean of the target networks' values of the same state and goal.
// The losses are sum_i mean w_tau (y_i - V_i)^2.
inline Tensor implicit_weight(const std::vector<Tensor>& y, const Tensor& mean_target_v, double tau) {
    return expectile_weight(min_of(y) - mean_target_v, tau);
}

}  // namespace astro::method
