#include "astro/learners/td3bc.h"

namespace astro::learners {

Td3Bc::Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
    : ValueLearner(context, config, data, stage),
      config_(config.td3bc),
      actor_target_(actor_),
      actor_target_set_(actor_target_) {}

Tensor Td3Bc::noisy_actions(const Tensor& mean, const Rng& noise) const {
    return smoothed_actions(mean, Tensor::normal(context_.backend, mean.shape(), noise), config_.policy_noise,
                            config_.noise_clip);
}

ValueLearner::Extra Td3Bc::critic_term(int64_t) const { return {}; }

Figures Td3Bc::update(int64_t k) {
    const Rng rng = stream(k);
    const Batch batch = sampler_.draw(context_.backend, value_.batch, rng.stream("batch"));
    const Tensor y = evaluate(batch, [&](int64_t chunk, const Batch& rows) {
        const Tensor next =
            noisy_actions(actor_target_(rows.next_input), rng.stream("noise").stream(static_cast<uint64_t>(chunk)));
        return regression_target(rows, critics_target_.least(rows.next_input, next), target_rule());
    });
    Figures figures = {{"critic_loss", update_critics(k, batch, y, critic_term(k))}};
    if (k % config_.policy_delay == config_.policy_delay - 1) {
        ActorTerms terms;
        terms.q_weight = config_.alpha;
        figures.emplace_back("actor_loss", update_actor(k, batch, terms));
        nn::move_towards(critics_target_set_, critics_set_, value_.ema);
        nn::move_towards(actor_target_set_, actor_set_, value_.ema);
    }
    return figures;
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

}  // namespace astro::learners
