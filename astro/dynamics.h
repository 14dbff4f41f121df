// The dynamics model: states from actions; trained first, then frozen [paper: idea]. This is its interface. There are
// two models:
//   transformer  a diffusion transformer over the steps of a window [paper: idea] (dynamics_transformer.h)
//   recurrent    a network that predicts one step, applied step after step [ours] (dynamics_recurrent.h)
#pragma once

#include <memory>

#include "astro/temporal_map.h"
#include "astro/training.h"

namespace astro::method {

// Root-mean-square errors at a number of steps, in sigma_delta, over held-out windows.
struct OpenLoopError {
    std::vector<int64_t> steps;
    std::vector<double> one_pass, sampled, persistence;  // sampled is empty if the model was not trained for it
};

class Dynamics : public TrainableModel {
  public:
    static std::string name_of(int64_t member);  // "dynamics", "dynamics1", ...
    std::string name() const override { return name_of(member_); }
    int64_t updates() const override { return config_.network.updates; }

    // Displacements s^_{j+1} - s_0 (B, n, D), with the averaged weights. s0 (B, D); actions (B, n, A), n at most the
    // horizon. steps: denoising steps, see DynamicsTransformer; others ignore it. A rollout of fewer actions is a
    // prefix of a longer one (not with full attention). Differentiable in the actions (with several denoising steps:
    // the last one).
    virtual Tensor rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const = 0;

    // Errors on windows of another data set (validation): at most most_windows, evenly spaced.
    OpenLoopError open_loop_error(const Trajectories& data, const std::vector<int64_t>& arrival,
                                  const std::vector<int64_t>& steps, int64_t most_windows) const;

    const Tensor& sigma_delta() const { return sigma_delta_; }  // (D)
    int64_t horizon() const { return horizon_; }

  protected:
    // Windows of `horizon` steps that start during travel. member: index in an ensemble; selects the random stream.
    Dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
             const Statistics& statistics, uint64_t seed, int64_t member);

    // The windows that start at these rows, as inputs of a step.
    struct Windows {
        Tensor s0, actions, displacement;  // (B, D), (B, H, A), (B, H, D): s_{j+1} - s_0
        Windows rows(int64_t first, int64_t count) const;
    };
    Windows gather(nn::Inputs& inputs, const std::vector<int64_t>& starts) const;
    std::vector<int64_t> draw_starts(Rng& rng, int64_t count) const;
    Rng stream(int64_t k) const { return Rng(seed_).stream(name()).stream(static_cast<uint64_t>(k)); }

    DynamicsConfig config_;
    int64_t horizon_;
    const TemporalMap& map_;
    const Statistics& statistics_;
    uint64_t seed_;
    int64_t member_;
    std::vector<int64_t> starts_;
    Tensor sigma_delta_;  // (D)
};

// The model of config.form.
std::unique_ptr<Dynamics> make_dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon,
                                        const TemporalMap& map, const Statistics& statistics, uint64_t seed,
                                        int64_t member = 0);

}  // namespace astro::method
