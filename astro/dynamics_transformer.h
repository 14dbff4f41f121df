// The dynamics model of the paper: a diffusion transformer over the steps of a window
// [paper: idea; all sizes and the per-step-difference form: ours, docs/method.md 6.2, 6.3].
//
//   tokens j = 0..H-1: [x_j | a_j | s_0], x_j = (s_{j+1} - s_j) / sigma_delta (noisy; or zeros at t = T)
//   x^ = network(tokens, t, s_0),   s^_{j+1} = s_0 + sum_{i <= j} sigma_delta x^_i
// Attention is causal, so a rollout of fewer steps is a prefix of a longer one.
#pragma once

#include "astro/dynamics.h"
#include "astro/trained_network.h"
#include "diffusion/sampler.h"

namespace astro::method {

// The chunk's share of the mean over windows, steps and dimensions of ((s^_{j+1} - s_{j+1}) / std_j)^2.
// predicted x^ (n, H, D); displacement s_{j+1} - s_0 (n, H, D); sigma_delta (D); std (H, D) of the displacements.
Tensor dynamics_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                     const Tensor& sigma_delta, const Tensor& displacement_std);

class DynamicsTransformer : public Dynamics {
  public:
    DynamicsTransformer(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
                        const Statistics& statistics, uint64_t seed, int64_t member);

    void update(int64_t k) override;
    TrainingState state() override { return network_.state(); }

    // steps = 1: one pass from zeros at t = T. steps > 1: DDIM from zeros.
    Tensor rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const override;

  private:
    struct Minibatch {
        Windows windows;
        diffusion::RowLevels levels;
        Tensor streams;    // one row per chunk, for its noise
        int64_t one_pass;  // windows before this index have zeros at t = T, the others noisy differences
    };
    Minibatch draw(nn::Step& step, int64_t k) const;
    Tensor loss(const nn::Chunk& chunk, const Minibatch& batch) const;
    // x_t of each window of the chunk: (n, H, D). displacement: of these windows.
    Tensor noisy_differences(const nn::Chunk& chunk, const Minibatch& batch, const Tensor& displacement) const;

    diffusion::NoiseSchedule schedule_;
    TrainedNetwork<diffusion::Denoiser> network_;
    Tensor displacement_std_;  // (H, D)
};

}  // namespace astro::method
