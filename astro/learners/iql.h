// The losses of IQL, as functions of their batch. GCIVL and HIQL share those of the actor.
#pragma once

#include "astro/learners/value.h"

namespace astro::method::learners {

// The chunk's share of mean w_tau(Adv) Adv^2, where w_tau is tau if the advantage Adv = Q - V (n) is at least 0, else
// 1 - tau.
Tensor expectile_loss(const nn::Chunk& chunk, const Tensor& advantage, double tau);

// min(exp(beta Adv), cap) for advantages Adv (B): (B, 1); with `normalised`, Adv is first divided by its standard
// deviation over the batch.
Tensor awr_weights(const Tensor& advantage, double beta, double cap, bool normalised);

// The chunk's share of the mean over rows of weight |pi - a|^2, summed over columns; pi, a (n, A), weight (n, 1).
Tensor awr_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a, const Tensor& weight);

}  // namespace astro::method::learners
