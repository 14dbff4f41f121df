// TD3+BC (Fujimoto & Gu, NeurIPS 2021; CORL, algorithms/offline/td3_bc.py; docs/method.md
// 10.4).
//   y = r + gamma mask min_i Q'_i(s', clamp(pi'(s') + clamp(.2 noise, -.5, .5)))
//   critics: sum_i mean (Q_i(s, a) - y)^2
//   actor, every second update: -alpha mean Q_0(s, pi(s)) / mean |Q_0| + mean |pi(s) - a|^2
// If goal-conditioned, s is [s, g]: hindsight goals of the value mixture for the critics, of the trajectory for the
// actor.
#pragma once

#include "astro/learners/value.h"

namespace astro::method::learners {

class Td3Bc : public CriticLearner {
  public:
    // Extra loss of the critics in one update, for derived learners: the chunk's share, from its rows and Q_i(s, a).
    using CriticTerm = std::function<Tensor(const nn::Chunk&, const Batch& rows, const std::vector<Tensor>& q)>;
    // Creates the extra loss. Its random streams become inputs of the step.
    using MakeCriticTerm = std::function<CriticTerm(const Td3Bc&, Update&)>;

    Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage,
          MakeCriticTerm critic_term = {});

    void update(int64_t k) override;
    TrainingState state() override;

    // Actions with TD3's clipped noise. mean (n, A); streams: one row per chunk, for the noise.
    Tensor noisy_actions(const nn::Chunk& chunk, const Tensor& mean, const Tensor& streams) const;
    const Critics& critics() const { return critics_; }

  private:
    Tensor target(const nn::Chunk& chunk, const Batch& rows, const Tensor& noise_streams) const;

    Td3BcConfig config_;
    MakeCriticTerm make_critic_term_;
    Actor actor_target_;
    nn::ParameterSet actor_target_set_;
};

}  // namespace astro::method::learners
