// TD3+BC (Fujimoto & Gu, NeurIPS 2021; CORL, algorithms/offline/td3_bc.py; docs/method.md 10.4).
//   y = r + gamma mask min_i Q'_i(s', clamp(pi'(s') + clamp(.2 noise, -.5, .5)))
//   critics: sum_i mean (Q_i(s, a) - y)^2
//   actor, every second update: -alpha mean Q_0(s, pi(s)) / mean |Q_0| + mean (pi(s) - a)^2
// If goal-conditioned, s is [s, g]: hindsight goals of the value mixture for the critics, of the trajectory for the
// actor.
#include "astro/learners/td3bc.h"

namespace astro::method::learners {

// y = r + gamma mask min_i Q'_i(s', a'), a' = pi'(s') with clipped noise: (n)
Tensor Td3Bc::critic_target(const nn::Chunk& chunk, const Batch& rows, const Tensor& noise_streams) const {
    const Tensor next = noisy_actions(chunk, actor_target_(rows.next_input), noise_streams);
    return td_target(rows, critics_target_.min(rows.next_input, next), target_rule());
}

// sum_i mean (Q_i(s, a) - y)^2, and CQL's term where there is one
Tensor Td3Bc::critic_loss(const nn::Chunk& chunk, const Batch& rows, const Tensor& y, const CriticTerm& term) const {
    const std::vector<Tensor> q = critic_values(critics_, rows);
    const Tensor loss = learners::critic_loss(chunk, q, y);
    return term ? loss + term(chunk, rows, q) : loss;
}

// The actor's loss, which other learners share, is actor_loss in value.cpp.
void Td3Bc::update(int64_t k) {
    const bool with_actor = k % config_.policy_delay == config_.policy_delay - 1;
    Update u = with_actor ? begin(k, "critics and actor", {&critics_optimiser_, &actor_optimiser_})
                          : begin(k, "critics", {&critics_optimiser_});
    const Tensor noise = u.streams("noise");
    const CriticTerm term = make_critic_term_ ? make_critic_term_(*this, u) : CriticTerm();
    u.step.run([&] {
        const Tensor y = u.map([&](const nn::Chunk& c, const Batch& rows) { return critic_target(c, rows, noise); });
        train_critics(u, [&](const nn::Chunk& c, const Batch& rows) { return critic_loss(c, rows, c.rows(y), term); });
        if (!with_actor) return;
        train_actor(u, {config_.alpha});
        nn::polyak_update(u.step, critics_target_set_, critics_set_, u.target_rate);
        nn::polyak_update(u.step, actor_target_set_, actor_set_, u.target_rate);
    });
}

Td3Bc::Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage,
             MakeCriticTerm critic_term)
    : CriticLearner(context, config, data, stage),
      config_(config.td3bc),
      make_critic_term_(std::move(critic_term)),
      actor_target_(actor_),
      actor_target_set_(actor_target_) {}

Tensor Td3Bc::noisy_actions(const nn::Chunk& chunk, const Tensor& mean, const Tensor& streams) const {
    return smoothed_actions(mean, chunk.normal(streams, mean.shape()), config_.policy_noise, config_.noise_clip);
}

TrainingState Td3Bc::state() {
    TrainingState state = CriticLearner::state();
    state.add("target", actor_target_set_);
    return state;
}

std::unique_ptr<Learner> make_td3bc(const Context& context, const Config& config, const std::string&,
                                    const LearningData& data, const std::string& stage) {
    return std::make_unique<Td3Bc>(context, config, data, stage);
}

}  // namespace astro::method::learners
