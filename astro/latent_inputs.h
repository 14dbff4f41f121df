// Policies that see the TDR: the inputs of actor and critics are [s, z(s)] in place of s, and [g, z(g)] in place of g,
// with the standardised latent z(s) = (phi(s) - mean) / std over the training rows [ours: docs/method.md 10.8].
//
// In the latent space a goal behind a wall is far away. A network that only sees states has to learn this, and needs
// more examples for it the more columns a state has.
#pragma once

#include "astro/temporal_map.h"

namespace astro::method {

class LatentInputs {
  public:
    // latents: (rows, encoder.latent()) of the training rows, for mean and std.
    LatentInputs(const TemporalDistance& encoder, const std::vector<float>& latents);

    // States (n, D) -> inputs (n, D + L), all in the method's units.
    std::vector<float> of(const std::vector<float>& states) const;
    // The data set with inputs in place of states; without qpos and qvel. latents: (rows, L), of its states.
    data::Dataset of(const data::Dataset& rows, const std::vector<float>& latents) const;

    const nn::Mlp& encoder() const { return encoder_.network(); }
    const std::vector<float>& centre() const { return centre_; }  // (L), mean
    float scale() const { return scale_; }                        // one std for all: distances keep their ratios

  private:
    std::vector<float> join(const std::vector<float>& states, const std::vector<float>& latents) const;

    const TemporalDistance& encoder_;
    std::vector<float> centre_;
    float scale_ = 1;
};

}  // namespace astro::method
