// HGCBC's losses, as functions of networks and batch. The equations are in hgcbc.cpp.
#pragma once

#include "astro/learners/learner.h"

namespace astro::method::learners {

// c(w): the last `columns` columns of states (n, D). They are the latents, if inputs have any.
Tensor subgoal_columns(const Tensor& states, int64_t columns);

// The chunk's share of the losses of the low and the high actor. The high actor has as many outputs as c(w).
Tensor low_cloning_loss(const nn::Chunk& chunk, const Actor& low, const Batch& rows, int64_t columns);
Tensor high_cloning_loss(const nn::Chunk& chunk, const Actor& high, const Batch& rows);

}  // namespace astro::method::learners
