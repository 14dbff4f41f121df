// HIQL: hierarchical implicit Q-learning (Park et al., NeurIPS 2023; OGBench, impls/agents/hiql.py; docs/method.md
// 10.10).
//   V_i(s, g) = V_i(s, phi([s, g])): state_values.h, two networks with one representation phi
//   low actor pi(a | s, w): A = mean_i V_i(s', s_k) - mean_i V_i(s, s_k), s_k the state k steps ahead
//       mean min(exp(beta_low A), cap) |pi(s, phi([s, s_k])) - a|^2
//   high actor pi(w | s, g): A = mean_i V_i(s_k, g) - mean_i V_i(s, g), s_k not beyond g
//       mean min(exp(beta_high A), cap) |pi(s, g) - phi([s, s_k])|^2
//   acting: w = high(s, g), scaled to the length of representations; a = low(s, w)
// Only the value loss trains phi. As in OGBench, A and phi are those before the update.
#pragma once

#include "astro/learners/state_values.h"

namespace astro::method::learners {

// Advantages A of the two actors: (n).
Tensor low_advantage(const StateValues& values, const Batch& rows);
Tensor high_advantage(const StateValues& values, const Batch& rows);
// phi([s, goal]) for the states of the rows and goals (n, D): (n, R).
Tensor represent(const StateValues& values, const Batch& rows, const Tensor& goal);
// [s, w]: the input of the low actor, (n, D + R).
Tensor low_input(const Batch& rows, const Tensor& w);
// The action for inputs [s, g] (n, 2 D) through both actors: (n, A).
Tensor hierarchical_action(const Actor& high, const Actor& low, const Tensor& input);

}  // namespace astro::method::learners
