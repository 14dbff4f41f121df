// The dynamics model: states from actions, by a diffusion transformer; trained first, then frozen
// [paper: structure; all sizes and the per-step-difference form: ours, docs/method.md 6.2, 6.3].
//
//   tokens j = 0..H-1: [x_j | a_j | s_0], x_j = (s_{j+1} - s_j) / sigma_delta (noisy; or zeros at t = T)
//   x^ = network(tokens, t, s_0),   s^_{j+1} = s_0 + sum_{i <= j} sigma_delta x^_i
// Attention is causal, so a rollout of fewer steps is a prefix of a longer one.
#pragma once

#include "astro/temporal_map.h"
#include "astro/trained_denoiser.h"
#include "diffusion/sampler.h"

namespace astro::method {

// The chunk's share of the mean over windows, steps and dimensions of ((s^_{j+1} - s_{j+1}) / std_j)^2.
// predicted x^ (n, H, D); displacement s_{j+1} - s_0 (n, H, D); sigma_delta (D); std (H, D) of the displacements.
Tensor dynamics_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                     const Tensor& sigma_delta, const Tensor& displacement_std);

// Root-mean-square errors at a number of steps, in sigma_delta, over held-out windows.
struct OpenLoopError {
    std::vector<int64_t> steps;
    std::vector<double> one_pass, sampled, persistence;  // sampled is empty if the model was not trained for it
};

class Dynamics : public TrainableModel {
  public:
    // Windows of `horizon` steps that start during travel. member: index in an ensemble; selects the random stream.
    Dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
             const Statistics& statistics, uint64_t seed, int64_t member = 0);

    static std::string name_of(int64_t member);  // "dynamics", "dynamics1", ...
    std::string name() const override;
    int64_t updates() const override { return config_.network.updates; }
    void update(int64_t k) override;
    TrainingState state() override { return network_.state(); }

    // Displacements s^_{j+1} - s_0 (B, n, D), with the averaged weights. s0 (B, D); actions (B, n, A), n at most the
    // horizon. steps = 1: one pass from zeros at t = T. steps > 1: DDIM from zeros; only its last step is
    // differentiable in the actions.
    Tensor rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const;

    // Errors on windows of another data set (validation): at most most_windows, evenly spaced.
    OpenLoopError open_loop_error(const Trajectories& data, const std::vector<int64_t>& arrival,
                                  const std::vector<int64_t>& steps, int64_t most_windows) const;

    const Tensor& sigma_delta() const { return sigma_delta_; }  // (D)
    int64_t horizon() const { return horizon_; }

  private:
    struct Windows {
        Tensor s0, actions, displacement;  // (B, D), (B, H, A), (B, H, D)
        Windows rows(int64_t first, int64_t count) const;
    };
    struct Minibatch {
        Windows windows;
        diffusion::RowLevels levels;
        Tensor streams;    // one row per chunk, for its noise
        int64_t one_pass;  // windows before this index have zeros at t = T, the others noisy differences
    };
    Windows gather(nn::Inputs& inputs, const data::Dataset& data, const std::vector<int64_t>& starts) const;
    Minibatch draw(nn::Step& step, int64_t k) const;
    Tensor loss(const nn::Chunk& chunk, const Minibatch& batch) const;
    Tensor noisy_differences(const nn::Chunk& chunk, const Minibatch& batch) const;

    DynamicsConfig config_;
    int64_t horizon_;
    const TemporalMap& map_;
    const Statistics& statistics_;
    uint64_t seed_;
    int64_t member_;
    diffusion::NoiseSchedule schedule_;
    TrainedDenoiser network_;
    std::vector<int64_t> starts_;
    Tensor sigma_delta_, displacement_std_;  // (D), (H, D)
};

}  // namespace astro::method
