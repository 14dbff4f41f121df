// TD3+BC (Fujimoto & Gu, NeurIPS 2021; CORL, algorithms/offline/td3_bc.py).
//   y = r + gamma mask min_i Q'_i(s', clamp(pi'(s') + clamp(.2 noise, -.5, .5)))
//   critics: sum_i mean (Q_i(s, a) - y)^2
//   actor, every second update: -alpha mean Q_0(s, pi(s)) / mean |Q_0| + mean |pi(s) - a|^2
// Goal-conditioned, s is [s, g]: hindsight goals of the value mixture for the critics, of the trajectory for the actor.
#pragma once

#include "astro/learners/value.h"

namespace astro::learners {

class Td3Bc : public ValueLearner {
  public:
    Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage);

    void update(int64_t k) override;
    TrainingState state() override;

  protected:
    // What a derived learner adds to the critics' loss at update k; nothing here. Its inputs are added to the step.
    virtual Extra critic_term(nn::Step& step, int64_t k) const;
    // Actions with TD3's clipped noise, drawn from a stream in this state.
    Tensor noisy_actions(const Tensor& mean, const Tensor& noise) const;

  private:
    Td3BcConfig config_;
    Actor actor_target_;
    nn::ParameterSet actor_target_set_;
};

}  // namespace astro::learners
