// What the value learners share: critics, their targets, and the actor's loss.
#pragma once

#include <limits>

#include "astro/learners/learner.h"

namespace astro::learners {

// Q_0, Q_1, ... on [input, action].
struct Critics {
    std::vector<nn::Mlp> q;

    template <class V>
    void visit(V& v) {
        v("critic", q);
    }
    // (B, I), (B, A) -> (B) of critic i.
    Tensor operator()(size_t i, const Tensor& input, const Tensor& action) const;
    Tensor least(const Tensor& input, const Tensor& action) const;  // min over critics
};
Tensor value_of(const nn::Mlp& v, const Tensor& input);  // (B, I) -> (B)

// Regression target r + gamma mask next, without gradient; goal-conditioned ones lie in [-1/(1 - gamma), 0] and are
// clamped to it.
struct TargetRule {
    double gamma = 0.99;
    bool clamped = true;
};
Tensor regression_target(const Batch& batch, const Tensor& next_value, const TargetRule& rule);

// Q_i(value_input, a) of every critic: each (B).
std::vector<Tensor> critic_values(const Critics& critics, const Batch& batch);
// sum over critics and rows of (Q_i - y)^2, divided by count.
Tensor critic_loss(const std::vector<Tensor>& q, const Tensor& y, int64_t count);

// Actor's loss with the critic's values normalised by their mean size over the whole batch (Fujimoto & Gu 2021):
//   -q_weight mean(q) / mean|q| + bc_weight mean |pi - a|^2, no gradient through mean|q|.
// The two forms of q: the first critic (TD3+BC) or the least (IQL's DDPG+BC).
struct ActorTerms {
    double q_weight = 1, bc_weight = 1;
    bool least = false;
};
// A chunk's rows of what the loss couples: (n, 1 + A): q, then pi - a.
Tensor actor_outputs(const Actor& actor, const Critics& critics, const Batch& rows, bool least);
// Loss and gradients for the outputs of all chunks.
nn::Joined join_actor_loss(const std::vector<Tensor>& outputs, const ActorTerms& terms);

// Networks, optimisers and steps common to TD3+BC, IQL and CQL.
class ValueLearner : public Learner {
  public:
    ValueLearner(const Context& context, const Config& config, const LearningData& data, const std::string& stage);

    int64_t updates() const override { return value_.updates; }
    TrainingState state() override;

  protected:
    nn::Activation activation() const {
        return value_.activation == PolicyActivation::relu ? nn::Activation::relu : nn::Activation::gelu;
    }
    nn::Mlp make_critic(const nn::Maker& make, int64_t in, const std::vector<float>& spread) const;
    double rate(int64_t k) const {
        return nn::cosine_rate(k, value_.updates, 0, value_.learning_rate, value_.learning_rate_end);
    }
    TargetRule target_rule() const;
    // In the body of a step that their optimisers are prepared for: one Adam step on the critics, on the mean squared
    // error to the target of each chunk (which is not recorded) and `more` (or nothing), which is given the chunk's
    // critic_values; and on the actor.
    using Target = std::function<Tensor(int64_t chunk, const Batch& rows)>;
    using Extra = std::function<Tensor(int64_t chunk, const Batch& rows, const std::vector<Tensor>& q, int64_t count)>;
    void update_critics(nn::Step& step, const Batch& batch, const Target& target, const Extra& more = {});
    void update_actor(nn::Step& step, const Batch& batch, const ActorTerms& terms);

    ValueConfig value_;
    Critics critics_, critics_target_;
    nn::ParameterSet critics_set_, critics_target_set_;
    nn::Adam actor_optimiser_, critics_optimiser_;
};

// TD3's smoothed actions: clamp(mean + clamp(policy_noise * noise, -clip, clip), -1, 1); mean, noise (B, A), noise ~
// N(0, 1).
Tensor smoothed_actions(const Tensor& mean, const Tensor& noise, double policy_noise, double clip);

// CQL's conservative differences of critic i: log sum_k exp(Q_i(s, a_k) - log p_k) - q_i, q_i = Q_i(s, a), (B).
// actions (B, n, A); log_p (B, n) or undefined. The term: their sum over rows and critics, each no less than `low`.
Tensor conservative_differences(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions,
                                const Tensor& log_p, const Tensor& q);
Tensor conservative_term(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p,
                         const std::vector<Tensor>& q, double low = -std::numeric_limits<double>::infinity());
Tensor repeat_inputs(const Tensor& input, int64_t n);  // (B, I) -> (B n, I)
Factory make_cql_pure;                                 // CORL's own form

}  // namespace astro::learners
