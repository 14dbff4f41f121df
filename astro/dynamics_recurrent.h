// The recurrent dynamics model: a network that predicts one step, applied step after step [ours; the usual predictor of
// model-based RL: PETS, MBPO; docs/method.md 6.5].
//
//   s^_0 = s_0,   s^_{j+1} = s^_j + sigma_delta clip(f([s^_j | a_j]), -limit, limit)
// limit: the largest recorded step of each dimension. Without it, a rollout that leaves the data can take steps that no
// recorded transition takes, and its errors grow from step to step. First trained on single transitions; the last
// updates (dynamics.rollout_share) train through whole rollouts.
#pragma once

#include "astro/dynamics.h"
#include "astro/trained_network.h"
#include "astro/transitions.h"

namespace astro::method {

// The chunk's share of the mean over windows, steps and dimensions of h((s^_j - s_j) / sigma_delta), with the
// pseudo-Huber function h(x) = 2 (sqrt(1 + x^2) - 1): errors that grow along a window must not outweigh its first
// steps. Displacements (n, H, D).
Tensor rollout_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                    const Tensor& sigma_delta);

class DynamicsRecurrent : public Dynamics {
  public:
    DynamicsRecurrent(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
                      const Statistics& statistics, uint64_t seed, int64_t member);

    void update(int64_t k) override;
    TrainingState state() override { return network_.state(); }
    Tensor rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const override;

  private:
    void train_on_transitions(nn::Step& step, int64_t k);
    void train_on_windows(nn::Step& step, int64_t k);

    // s^_1 - s_0, ..., s^_n - s_0: (B, n, D). Training does not clip: a clipped step has no gradient.
    enum class Steps { as_predicted, clipped };
    Tensor roll_out(const nn::Mlp& network, const Tensor& s0, const Tensor& actions, Steps steps) const;

    std::vector<int64_t> sources_;  // rows with a successor
    Tensor limit_, limit_delta_;    // (D): the largest |s' - s| of the data, in sigma_delta and in the method's units
    TrainedNetwork<nn::Mlp> network_;
};

}  // namespace astro::method
