// CQL as CORL has it (algorithms/offline/cql.py): see cql.cpp for the formulas, tests/golden/make_cql.py for one
// update.
//   temperature: -mean log_alpha (log p + H), H = -A;   actor: mean alpha log p - min_i Q_i(s, a_new)
//   y = r + gamma mask max over n of min_i Q'_i(s', a'), no entropy in the target
#include <cmath>

#include "astro/learners/gaussian_policy.h"

namespace astro::learners {

namespace {

struct Scalar {  // a learnt number
    Tensor value;
    template <class V>
    void visit(V& v) {
        v("value", value);
    }
};

class CqlPure : public ValueLearner {
  public:
    CqlPure(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : ValueLearner(context, config, data, stage), config_(config.cql) {
        Rng rng = init_stream().stream("gaussian");
        nn::Maker make{context.backend, DType::f32, rng};
        nn::MlpSpec spec = actor_.net.spec;
        spec.out = 2 * sampler_.action_dim(), spec.output_scale = 1;
        actor_.net = nn::make_mlp(make, spec, sampler_.spread(1024, false, rng.stream("spread")));
        policy_.net = actor_.net;
        policy_.multiplier = Tensor::full(context.backend, DType::f32, Shape{1}, 1);
        policy_.offset = Tensor::full(context.backend, DType::f32, Shape{1}, -1);
        actor_set_ = nn::ParameterSet(policy_);
        actor_.net = policy_.net;  // the same parameters
        actor_optimiser_ = nn::Adam(actor_set_);
        for (Scalar* s : {&log_alpha_, &log_multiplier_})
            s->value = Tensor::zeros(context.backend, DType::f32, Shape{1});
        alpha_set_ = nn::ParameterSet(log_alpha_);
        multiplier_set_ = nn::ParameterSet(log_multiplier_);
        alpha_optimiser_ = nn::Adam(alpha_set_);
        multiplier_optimiser_ = nn::Adam(multiplier_set_);
    }

    void update(int64_t k) override {
        const Rng rng = stream(k);
        nn::Step step = steps_.begin("", k);
        const Batch batch = sampler_.draw(context_.threads, step.inputs(), value_.batch, rng.stream("batch"));
        auto streams = [&](const char* what) {
            return step.streams(context_.chunks_of(value_.batch),
                                [&](int64_t chunk) { return rng.stream(what).stream(static_cast<uint64_t>(chunk)); });
        };
        const Noise noise = {streams("next"), streams("policy"), streams("cql-next"), streams("cql-current"),
                             streams("uniform")};
        actor_optimiser_.prepare(step, config_.actor_learning_rate);
        alpha_optimiser_.prepare(step, config_.actor_learning_rate);
        critics_optimiser_.prepare(step, rate(k));
        if (config_.lagrange) multiplier_optimiser_.prepare(step, value_.learning_rate);
        const Tensor target_rate = step.number(value_.target_rate);
        step.run([&] { body(step, batch, noise, target_rate); });
    }

    TrainingState state() override {
        TrainingState state = ValueLearner::state();
        state.add("model/log_alpha", alpha_set_);
        state.add("model/log_multiplier", multiplier_set_);
        state.add("optimiser/log_alpha", alpha_set_, alpha_optimiser_);
        state.add("optimiser/log_multiplier", multiplier_set_, multiplier_optimiser_);
        return state;
    }

  private:
    struct Noise {  // states of the streams, a row each chunk
        Tensor next, policy, cql_next, cql_current, uniform;
    };

    void body(nn::Step& step, Batch batch, const Noise& noise, const Tensor& target_rate) {
        if (!sampler_.goals())  // CORL's reward of antmazes: (r + 1) scale - shift
            batch.reward = affine(batch.reward, config_.reward_scale, config_.reward_scale - config_.reward_shift);
        const int64_t count = batch.reward.dim(0), n = config_.sampled_actions, da = sampler_.action_dim();
        const double inverse = 1.0 / static_cast<double>(count);
        auto normal = [&](const Tensor& states, int64_t chunk, int64_t rows) {
            return Tensor::normal(Shape{rows, da}, states.rows(chunk, 1));
        };
        const Tensor alpha = exp(log_alpha_.value);  // (1), before its step

        auto target = [&](int64_t c, const Batch& rows) {
            const int64_t size = rows.reward.dim(0), tries = config_.max_target ? n : 1;
            const auto policy = policy_.at(rows.next_input).repeat(tries);
            const Tensor action = policy.sample(normal(noise.next, c, size * tries)).action;
            const Tensor least = critics_target_.least(repeat_inputs(rows.next_input, tries), action);
            return regression_target(rows, largest(least.reshape(Shape{size, tries})), target_rule());
        };

        // Actor's gradient and log p; as in CORL all losses are taken before any step.
        const auto chunks = static_cast<size_t>(context_.chunks_of(count));
        std::vector<Tensor> log_p_sum(chunks);
        const nn::Gradient actor = nn::chunked_gradient(
            context_.threads, context_.chunks, count, actor_set_.flat(), [&](int64_t c, int64_t first, int64_t size) {
                const Tensor input = batch.input.rows(first, size);
                const GaussianPolicy::Sample now = policy_.at(input).sample(normal(noise.policy, c, size));
                log_p_sum[static_cast<size_t>(c)] = sum(now.log_p.detach());
                return sum(now.log_p * alpha - critics_.least(input, now.action)) * inverse;
            });

        // Critics: TD errors and the conservative terms. Sums of differences are kept for the multiplier.
        std::vector<Tensor> difference(chunks);
        Tensor strength = Tensor::full(context_.backend, DType::f32, Shape{1}, config_.pure_weight);
        if (config_.lagrange) strength = strength * clamp(exp(log_multiplier_.value), 0, 1e6);
        update_critics(step, batch, target, [&](int64_t c, const Batch& rows, const std::vector<Tensor>& q, int64_t) {
            const int64_t size = rows.reward.dim(0);
            Tensor actions, log_p;
            {
                NoTape off;
                const GaussianPolicy::Sample next =
                    policy_.at(rows.next_input).repeat(n).sample(normal(noise.cql_next, c, size * n));
                const GaussianPolicy::Sample current =
                    policy_.at(rows.value_input).repeat(n).sample(normal(noise.cql_current, c, size * n));
                const Shape each{size, n, da}, density{size, n};
                const Tensor uniform = Tensor::uniform(each, -1, 1, noise.uniform.rows(c, 1));
                actions = concat({uniform, next.action.reshape(each), current.action.reshape(each)}, 1);
                log_p = concat(
                    {Tensor::full(context_.backend, DType::f32, density, static_cast<double>(da) * std::log(0.5)),
                     next.log_p.reshape(density), current.log_p.reshape(density)},
                    1);
            }
            const Tensor total = config_.lagrange
                                     ? conservative_term(critics_, rows, actions, log_p, q, config_.difference_low)
                                     : conservative_term(critics_, rows, actions, log_p, q);
            difference[static_cast<size_t>(c)] = total.detach();
            return sum(total * strength) * inverse;
        });

        step.report("actor_loss", actor.loss);
        actor_optimiser_.apply(step, actor_set_, actor.flat, ".actor");
        const Tensor mean_log_p = sum(nn::join_elements(log_p_sum)).reshape(Shape{1}) * inverse,
                     mean_difference = sum(nn::join_elements(difference)).reshape(Shape{1}) * inverse;
        step.report("log_p", mean_log_p);
        step.report("difference", mean_difference * 0.5);
        step.report("alpha", alpha);
        alpha_optimiser_.apply(step, alpha_set_, temperature_gradient(mean_log_p, da), ".temperature");
        if (config_.lagrange)
            multiplier_optimiser_.apply(step, multiplier_set_,
                                       multiplier_gradient(strength, mean_difference, config_.lagrange_gap),
                                       ".multiplier");
        nn::polyak_update(step, critics_target_set_, critics_set_, target_rate);
    }

    CqlConfig config_;
    GaussianPolicy policy_;
    Scalar log_alpha_, log_multiplier_;
    nn::ParameterSet alpha_set_, multiplier_set_;
    nn::Adam alpha_optimiser_, multiplier_optimiser_;
};

}  // namespace

Tensor largest(const Tensor& x) {
    Tensor y = slice(x, 1, 0, 1);
    for (int64_t i = 1; i < x.dim(1); ++i) y = -minimum(-y, -slice(x, 1, i, 1));
    return y.reshape(Shape{x.dim(0)});
}

Tensor temperature_gradient(const Tensor& mean_log_p, int64_t actions) {
    return static_cast<double>(actions) - mean_log_p;
}

Tensor multiplier_gradient(const Tensor& strength, const Tensor& differences, double gap) {
    return strength * (differences - 2 * gap) * -0.5;
}

GaussianPolicy::Gaussian GaussianPolicy::at(const Tensor& input) const {
    const Tensor out = net(input);
    const int64_t da = out.dim(1) / 2;
    return {slice(out, 1, 0, da), clamp(slice(out, 1, da, da) * multiplier + offset, -20, 2)};
}

GaussianPolicy::Gaussian GaussianPolicy::Gaussian::repeat(int64_t n) const {
    return {repeat_inputs(mean, n), repeat_inputs(log_deviation, n)};
}

GaussianPolicy::Sample GaussianPolicy::Gaussian::sample(const Tensor& noise) const {
    const Tensor u = mean + exp(log_deviation) * noise;
    // log N(u) - log |d tanh(u)/du|, with log(1 - tanh^2 u) = 2 (ln 2 - u - softplus(-2u))
    const Tensor log_p = affine(square(noise), -0.5, -0.9189385332046727) - log_deviation -
                         affine(u + softplus(u * -2.0), -2.0, 1.3862943611198906);
    return {tanh(u), sum(log_p, 1)};
}

std::unique_ptr<Learner> make_cql_pure(const Context& context, const Config& config, const std::string&,
                                       const LearningData& data, const std::string& stage) {
    return std::make_unique<CqlPure>(context, config, data, stage);
}

}  // namespace astro::learners
