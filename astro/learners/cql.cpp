// CQL (Kumar et al., NeurIPS 2020; CORL, algorithms/offline/cql.py), in two forms.
//   conservative term of critic i: mean over rows of log sum_k exp(Q_i(s, a_k) [- log p_k]) - Q_i(s, a)
// td3bc-actor (ours): TD3+BC with that term; a_k: n uniform actions and n of the policy with TD3's noise, no densities.
// pure (CORL): tanh-Gaussian policy with automatic temperature; a_k: n uniform, n of the policy at s', n at s, with
// importance weights; optionally a Lagrange multiplier for the term and the best of n actions in the target.
#include <cmath>

#include "astro/learners/value.h"

namespace astro::learners {

namespace {

Tensor noise_of(Backend& backend, const Shape& shape, Rng rng) {
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    rng.fill_normal(values.data(), shape.numel());
    return Tensor::from(backend, shape, values);
}

Tensor uniform_actions(Backend& backend, const Shape& shape, Rng rng) {
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    rng.fill_uniform(values.data(), shape.numel(), -1, 1);
    return Tensor::from(backend, shape, values);
}

class CqlTd3Bc : public ValueLearner {
  public:
    CqlTd3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : ValueLearner(context, config, data, stage), cql_(config.cql), td3_(config.td3bc), actor_target_(actor_),
          actor_target_set_(actor_target_) {}

    Figures update(int64_t k) override {
        const Rng rng = stream(k);
        const Batch batch = sampler_.draw(context_.backend, value_.batch, rng.stream("batch"));
        auto smoothed = [&](const Actor& actor, const Tensor& input, Rng noise) {
            return smoothed_actions(actor, input, noise_of(context_.backend, Shape{input.dim(0), sampler_.action_dim()}, noise),
                                    td3_.policy_noise, td3_.noise_clip);
        };
        const Tensor y = evaluate(batch, [&](int64_t chunk, const Batch& rows) {
            const Tensor next = smoothed(actor_target_, rows.next_input, rng.stream("noise").stream(static_cast<uint64_t>(chunk)));
            return regression_target(rows, critics_target_.least(rows.next_input, next), target_rule());
        });
        const int64_t n = cql_.sampled_actions;
        const double critic = update_critics(k, batch, y, [&](int64_t chunk, const Batch& rows, int64_t count) {
            const Rng own = rng.stream("actions").stream(static_cast<uint64_t>(chunk));
            const int64_t size = rows.input.dim(0);
            const Tensor inputs = repeat_inputs(rows.value_input, n);  // (size n, I)
            const Tensor random = uniform_actions(context_.backend, Shape{size, n, sampler_.action_dim()}, own.stream("uniform"));
            const Tensor policy = smoothed(actor_, inputs, own.stream("policy")).reshape(random.shape());
            return conservative_term(critics_, rows, concat({random, policy}, 1), Tensor()) *
                   (cql_.weight / static_cast<double>(count));
        });
        Figures figures = {{"critic_loss", critic}};
        if (k % td3_.policy_delay == td3_.policy_delay - 1) {
            ActorTerms terms;
            terms.q_weight = td3_.alpha;
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
    CqlConfig cql_;
    Td3BcConfig td3_;
    Actor actor_target_;
    nn::ParameterSet actor_target_set_;
};

}  // namespace

Tensor repeat_inputs(const Tensor& input, int64_t n) {
    return repeat_rows(input, n).reshape(Shape{input.dim(0) * n, input.dim(1)});
}

Tensor conservative_differences(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions, const Tensor& log_p) {
    const int64_t size = actions.dim(0), n = actions.dim(1);
    const Tensor inputs = repeat_inputs(rows.value_input, n);
    Tensor q = critics(i, inputs, actions.reshape(Shape{size * n, actions.dim(2)})).reshape(Shape{size, n});
    if (log_p.defined()) q = q - log_p;
    return logsumexp(q) - critics(i, rows.value_input, rows.action);
}

Tensor conservative_term(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p) {
    Tensor total;
    for (size_t i = 0; i < critics.q.size(); ++i) {
        const Tensor term = sum(conservative_differences(critics, i, rows, actions, log_p));
        total = i == 0 ? term : total + term;
    }
    return total;
}

std::unique_ptr<Learner> make_cql(const Context& context, const Config& config, const std::string& environment,
                                  const LearningData& data, const std::string& stage) {
    if (config.cql.form == CqlForm::pure) return make_cql_pure(context, config, environment, data, stage);
    return std::make_unique<CqlTd3Bc>(context, config, data, stage);
}

}  // namespace astro::learners
