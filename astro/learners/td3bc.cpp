#include "astro/learners/td3bc.h"

namespace astro::learners {

Td3Bc::Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
    : ValueLearner(context, config, data, stage),
      config_(config.td3bc),
      actor_target_(actor_),
      actor_target_set_(actor_target_) {}

Tensor Td3Bc::noisy_actions(const Tensor& mean, const Tensor& noise) const {
    return smoothed_actions(mean, Tensor::normal(mean.shape(), noise), config_.policy_noise, config_.noise_clip);
}

ValueLearner::Extra Td3Bc::critic_term(nn::Step&, int64_t) const { return {}; }

void Td3Bc::update(int64_t k) {
    const Rng rng = stream(k);
    const bool with_actor = k % config_.policy_delay == config_.policy_delay - 1;
    nn::Step step = steps_.begin(with_actor ? "critics and actor" : "critics", k);
    const Batch batch = sampler_.draw(context_.threads, step.inputs(), value_.batch, rng.stream("batch"));
    const Tensor noise = step.streams(context_.chunks_of(value_.batch), [&](int64_t chunk) {
        return rng.stream("noise").stream(static_cast<uint64_t>(chunk));
    });
    const Extra more = critic_term(step, k);
    critics_optimiser_.prepare(step, rate(k));
    if (with_actor) actor_optimiser_.prepare(step, rate(k));
    const Tensor target_rate = step.number(value_.target_rate);
    step.run([&] {
        auto target = [&](int64_t chunk, const Batch& rows) {
            const Tensor next = noisy_actions(actor_target_(rows.next_input), noise.rows(chunk, 1));
            return regression_target(rows, critics_target_.least(rows.next_input, next), target_rule());
        };
        update_critics(step, batch, target, more);
        if (!with_actor) return;
        ActorTerms terms;
        terms.q_weight = config_.alpha;
        update_actor(step, batch, terms);
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

}  // namespace astro::learners
