// Shared by the value learners: critics, target networks, and the actor's loss (docs/method.md 10.2).
#pragma once

#include "astro/learners/learner.h"

namespace astro::method::learners {

// Q_0, Q_1, ... on [input, action].
struct Critics {
    std::vector<nn::Mlp> q;

    template <class V>
    void visit(V& v) {
        v("critic", q);
    }
    // (B, I), (B, A) -> (B) of critic i.
    Tensor operator()(size_t i, const Tensor& input, const Tensor& action) const;
    Tensor min(const Tensor& input, const Tensor& action) const;  // min over critics
};
Tensor value_of(const nn::Mlp& v, const Tensor& input);  // (B, I) -> (B)

// Regression target r + gamma mask next, without gradient. Goal-conditioned targets are clamped to their range [-1/(1 -
// gamma), 0].
struct TargetRule {
    double gamma = 0.99;
    bool clamped = true;
};
Tensor td_target(const Batch& batch, const Tensor& next_value, const TargetRule& rule);

// Q_i(value_input, a) of every critic: each (B).
std::vector<Tensor> critic_values(const Critics& critics, const Batch& batch);
// sum_i mean (q_i - y)^2, the chunk's share; q_i, y (n).
Tensor critic_loss(const nn::Chunk& chunk, const std::vector<Tensor>& q, const Tensor& y);

// The actor's loss. The critic's values are divided by their mean magnitude over the whole batch (Fujimoto & Gu 2021):
//   -q_weight mean Q(s, pi(s)) / mean |Q| + bc_weight mean (pi(s) - a)^2, no gradient through mean |Q|.
// Q is the first critic (TD3+BC) or the minimum over critics (IQL's DDPG+BC).
struct ActorTerms {
    double q_weight = 1, bc_weight = 1;
    bool min_q = false;
};
// Outputs of a chunk that the loss combines over the batch: (n, 1 + A): Q(s, pi(s)), then pi(s) - a.
Tensor actor_outputs(const Actor& actor, const Critics& critics, const Batch& rows, bool min_q);
// The chunk's share of the loss, from its own outputs and those of the whole batch.
Tensor actor_loss(const nn::Chunk& chunk, const Tensor& own, const Tensor& all, const ActorTerms& terms);

// Settings, networks and steps common to all value learners.
class ValueLearner : public Learner {
  public:
    ValueLearner(const Context& context, const Config& config, const LearningData& data, const std::string& stage);

    int64_t updates() const override { return value_.updates; }

  protected:
    nn::Activation activation() const {
        return value_.activation == PolicyActivation::relu ? nn::Activation::relu : nn::Activation::gelu;
    }
    // spread: inputs for the initialisation of the first layer, or none (nn::make_mlp).
    Actor make_actor(const nn::Maker& make, int64_t in, int64_t out, bool squash,
                     const std::vector<float>& spread) const;
    nn::Mlp make_critic(const nn::Maker& make, int64_t in, const std::vector<float>& spread, int64_t out = 1) const;
    double rate(int64_t k) const {
        return nn::cosine_rate(k, value_.updates, 0, value_.learning_rate, value_.learning_rate_end);
    }
    TargetRule target_rule() const;

    // Learner::begin with the settings of value learners, and the rate of target networks.
    Update begin(int64_t k, const std::string& kind, const std::vector<nn::Adam*>& optimisers);

    ValueConfig value_;
    nn::Adam actor_optimiser_;
};

// With two critics Q_i(s, a): TD3+BC, IQL and CQL.
class CriticLearner : public ValueLearner {
  public:
    CriticLearner(const Context& context, const Config& config, const LearningData& data, const std::string& stage);

    TrainingState state() override;

  protected:
    // One Adam step on the critics, or on the actor.
    void train_critics(Update& u, const RowsFunction& loss);
    void train_actor(Update& u, const ActorTerms& terms);

    Critics critics_, critics_target_;
    nn::ParameterSet critics_set_, critics_target_set_;
    nn::Adam critics_optimiser_;
};

// TD3's smoothed actions: clamp(mean + clamp(policy_noise * noise, -clip, clip), -1, 1); mean, noise (B, A), noise ~
// N(0, 1).
Tensor smoothed_actions(const Tensor& mean, const Tensor& noise, double policy_noise, double clip);

Tensor repeat_inputs(const Tensor& input, int64_t n);  // (B, I) -> (B n, I): repeats each row n times

}  // namespace astro::method::learners
