// TD3+BC. CQL's first form uses it with one more term in the critics' loss. The equations are in td3bc.cpp.
#pragma once

#include "astro/learners/value.h"

namespace astro::method::learners {

class Td3Bc : public CriticLearner {
  public:
    // Extra loss of the critics in one update, for CQL (cql.cpp): the chunk's share, from its rows and Q_i(s, a).
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
    Tensor critic_target(const nn::Chunk& chunk, const Batch& rows, const Tensor& noise_streams) const;
    Tensor critic_loss(const nn::Chunk& chunk, const Batch& rows, const Tensor& y, const CriticTerm& term) const;

    Td3BcConfig config_;
    MakeCriticTerm make_critic_term_;
    Actor actor_target_;
    nn::ParameterSet actor_target_set_;
};

}  // namespace astro::method::learners
