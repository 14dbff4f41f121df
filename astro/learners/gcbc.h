// The losses of behaviour cloning, and what the cloning learners share (gcbc.cpp).
#pragma once

#include "astro/learners/learner.h"

namespace astro::method::learners {

// mean (pi(s, g) - a)^2 over rows and components: the actor's output pi and the recorded action a, both (n, A).
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a);
// The same with a weight (n, 1) for each row; undefined: all are 1.
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a, const Tensor& weight);

// Settings, optimiser and networks of GCBC and HGCBC.
class CloningLearner : public Learner {
  public:
    CloningLearner(const Context& context, const Config& config, const std::string& environment,
                   const LearningData& data, const std::string& stage);

    int64_t updates() const override { return updates_; }
    TrainingState state() override;

  protected:
    // spread: inputs for the initialisation of the first layer, or none (nn::make_mlp).
    Actor make_actor(const nn::Maker& make, int64_t in, int64_t out, const std::vector<float>& spread) const;

    // Learner::begin with the settings of cloning.
    Update begin(int64_t k, const std::vector<nn::Adam*>& optimisers);

    nn::Adam actor_optimiser_;

  private:
    GcbcConfig config_;
    int64_t updates_;
};

}  // namespace astro::method::learners
