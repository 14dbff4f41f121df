// HIQL's advantages and representations, as functions of networks and batch. The equations are in hiql.cpp.
#pragma once

#include "astro/learners/state_values.h"

namespace astro::method::learners {

// Advantages Adv of the two actors: (n).
Tensor low_advantage(const StateValues& values, const Batch& rows);
Tensor high_advantage(const StateValues& values, const Batch& rows);
// phi([s, goal]) for the states of the rows and goals (n, D): (n, R).
Tensor represent(const StateValues& values, const Batch& rows, const Tensor& goal);
// [s, subgoal]: the input of the low actor, (n, D + R). subgoal: a representation (n, R).
Tensor low_input(const Batch& rows, const Tensor& subgoal);

}  // namespace astro::method::learners
