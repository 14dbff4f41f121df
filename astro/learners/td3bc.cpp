// TD3+BC (Fujimoto & Gu, NeurIPS 2021; CORL, algorithms/offline/td3_bc.py).
//   y = r + gamma mask min_i Q'_i(s', clamp(pi'(s') + clamp(.2 noise, -.5, .5)))
//   critics: sum_i mean (Q_i(s, a) - y)^2
//   actor, every second update: -alpha mean Q_0(s, pi(s)) / mean |Q_0| + mean |pi(s) - a|^2
// Goal-conditioned, s is [s, g]: hindsight goals of the value mixture for the critics, of the trajectory for the actor.
#include "astro/learners/value.h"

namespace astro::learners {

namespace {

class Td3Bc : public ValueLearner {
  public:
    Td3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : ValueLearner(context, config, data, stage), config_(config.td3bc), actor_target_(actor_), actor_target_set_(actor_target_) {}

    Figures update(int64_t k) override {
        const Batch batch = sampler_.draw(context_.backend, value_.batch, stream(k).stream("batch"));
        const Tensor y = evaluate(batch, [&](int64_t chunk, const Batch& rows) {
            std::vector<float> noise(static_cast<size_t>(rows.action.numel()));
            stream(k).stream("noise").stream(static_cast<uint64_t>(chunk)).fill_normal(noise.data(), rows.action.numel());
            const Tensor next = smoothed_actions(actor_target_, rows.next_input,
                                                 Tensor::from(context_.backend, rows.action.shape(), noise),
                                                 config_.policy_noise, config_.noise_clip);
            return regression_target(rows, critics_target_.least(rows.next_input, next), target_rule());
        });
        Figures figures = {{"critic_loss", update_critics(k, batch, y)}};
        if (k % config_.policy_delay == config_.policy_delay - 1) {
            ActorTerms terms;
            terms.q_weight = config_.alpha;
            figures.emplace_back("actor_loss", update_actor(k, batch, terms));
            nn::move_towards(critics_target_set_, critics_set_, value_.ema);
            nn::move_towards(actor_target_set_, actor_set_, value_.ema);
        }
        return figures;
    }

    TrainingState state() override {
        TrainingState state = ValueLearner::state();
        state.add("target", actor_target_set_);
        return state;
    }

  private:
    Td3BcConfig config_;
    Actor actor_target_;
    nn::ParameterSet actor_target_set_;
};

}  // namespace

std::unique_ptr<Learner> make_td3bc(const Context& context, const Config& config, const std::string&, const LearningData& data,
                                    const std::string& stage) {
    return std::make_unique<Td3Bc>(context, config, data, stage);
}

}  // namespace astro::learners
