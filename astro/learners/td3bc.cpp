#include "astro/learners/td3bc.h"

namespace astro::method::learners {

Td3Bc::Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage,
             MakeCriticTerm critic_term)
    : ValueLearner(context, config, data, stage),
      config_(config.td3bc),
      make_critic_term_(std::move(critic_term)),
      actor_target_(actor_),
      actor_target_set_(actor_target_) {}

Tensor Td3Bc::noisy_actions(const nn::Chunk& chunk, const Tensor& mean, const Tensor& streams) const {
    return smoothed_actions(mean, chunk.normal(streams, mean.shape()), config_.policy_noise, config_.noise_clip);
}

// y (n)
Tensor Td3Bc::target(const nn::Chunk& chunk, const Batch& rows, const Tensor& noise_streams) const {
    const Tensor next = noisy_actions(chunk, actor_target_(rows.next_input), noise_streams);
    return td_target(rows, critics_target_.least(rows.next_input, next), target_rule());
}

void Td3Bc::update(int64_t k) {
    const Rng rng = stream(k);
    const bool with_actor = k % config_.policy_delay == config_.policy_delay - 1;
    nn::Step step = steps_.begin(with_actor ? "critics and actor" : "critics", k);
    const Batch batch = sampler_.draw(context_.threads, step.inputs(), value_.batch, rng.stream("batch"));
    const Tensor noise = cut().streams(step, rng.stream("noise"));
    const CriticTerm term = make_critic_term_ ? make_critic_term_(*this, step, rng) : CriticTerm();
    critics_optimiser_.prepare(step, rate(k));
    if (with_actor) actor_optimiser_.prepare(step, rate(k));
    const Tensor target_rate = step.number(value_.target_rate);
    step.run([&] {
        const Tensor y = cut().map([&](const nn::Chunk& c) { return target(c, c.rows(batch), noise); });
        train_critics(step, [&](const nn::Chunk& c) {
            const Batch rows = c.rows(batch);
            const std::vector<Tensor> q = critic_values(critics_, rows);
            const Tensor loss = critic_loss(c, q, c.rows(y));
            return term ? loss + term(c, rows, q) : loss;
        });
        if (!with_actor) return;
        ActorTerms terms;
        terms.q_weight = config_.alpha;
        train_actor(step, batch, terms);
        nn::polyak_update(step, critics_target_set_, critics_set_, target_rate);
        nn::polyak_update(step, actor_target_set_, actor_set_, target_rate);
    });
}

TrainingState Td3Bc::state() {
    TrainingState state = ValueLearner::state();
    state.add("target", actor_target_set_);
    return state;
}

std::unique_ptr<Learner> make_td3bc(const Context& context, const Config& config, const std::string&,
                                    const LearningData& data, const std::string& stage) {
    return std::make_unique<Td3Bc>(context, config, data, stage);
}

}  // namespace astro::method::learners
