// The loss of behaviour cloning (gcbc.cpp).
#pragma once

#include "astro/learners/learner.h"

namespace astro::method::learners {

// mean (pi(s, g) - a)^2 over rows and components: the actor's output pi and the recorded action a, both (n, A).
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a);
// The same with a weight (n, 1) for each row; undefined: all are 1.
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a, const Tensor& weight);

}  // namespace astro::method::learners
