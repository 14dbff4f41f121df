// CQL as CORL has it (algorithms/offline/cql.py): see cql.cpp for the formulas, tests/golden/make_cql.py for one
// update.
//   temperature: -mean log_alpha (log p + H), H = -A;   actor: mean alpha log p - min_i Q_i(s, a_new)
//   y = r + gamma mask max over n of min_i Q'_i(s', a'), no entropy in the target
#include <algorithm>
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

    Figures update(int64_t k) override {
        const Rng rng = stream(k);
        Batch batch = sampler_.draw(context_.backend, value_.batch, rng.stream("batch"));
        if (!sampler_.goals())  // CORL's reward of antmazes: (r + 1) scale - shift
            batch.reward = affine(batch.reward, config_.reward_scale, config_.reward_scale - config_.reward_shift);
        const int64_t count = batch.reward.dim(0), n = config_.sampled_actions, da = sampler_.action_dim();
        Backend& b = context_.backend;
        auto noise = [&](const char* what, int64_t chunk, int64_t rows) {
            return Tensor::normal(b, Shape{rows, da}, rng.stream(what).stream(static_cast<uint64_t>(chunk)));
        };
        const double alpha = std::exp(log_alpha_.value.item()), inverse = 1.0 / static_cast<double>(count);

        const Tensor y = evaluate(batch, [&](int64_t c, const Batch& rows) {
            const int64_t size = rows.reward.dim(0), tries = config_.max_target ? n : 1;
            const auto policy = policy_.at(rows.next_input).repeat(tries);
            const Tensor action = policy.sample(noise("next", c, size * tries)).action;
            const Tensor least = critics_target_.least(repeat_inputs(rows.next_input, tries), action);
            return regression_target(rows, largest(least.reshape(Shape{size, tries})), target_rule());
        });

        const int64_t chunks = std::max<int64_t>(1, std::min(context_.chunks, count));
        // Actor's gradient and log p; as in CORL all losses are taken before any step.
        std::vector<double> log_p_sum(static_cast<size_t>(chunks));
        const nn::Gradient actor = nn::chunked_gradient(
            context_.threads, context_.chunks, count, actor_set_.flat(), [&](int64_t c, int64_t first, int64_t size) {
                const Tensor input = batch.input.rows(first, size);
                const GaussianPolicy::Sample now = policy_.at(input).sample(noise("policy", c, size));
                log_p_sum[static_cast<size_t>(c)] = sum(now.log_p).item();
                return sum(now.log_p * alpha - critics_.least(input, now.action)) * inverse;
            });

        // Critics: TD errors and the conservative terms. Sums of differences are kept for the multiplier.
        std::vector<double> difference(static_cast<size_t>(chunks));
        const double strength = config_.pure_weight *
                                (config_.lagrange ? std::clamp(std::exp(log_multiplier_.value.item()), 0.0, 1e6) : 1.0);
        const double critic =
            update_critics(k, batch, y, [&](int64_t c, const Batch& rows, const std::vector<Tensor>& q, int64_t) {
                const int64_t size = rows.reward.dim(0);
                Tensor actions, log_p;
                {
                    NoTape off;
                    const GaussianPolicy::Sample next =
                        policy_.at(rows.next_input).repeat(n).sample(noise("cql-next", c, size * n));
                    const GaussianPolicy::Sample current =
                        policy_.at(rows.value_input).repeat(n).sample(noise("cql-current", c, size * n));
                    const Shape each{size, n, da}, density{size, n};
                    const Tensor uniform =
                        Tensor::uniform(b, each, -1, 1, rng.stream("uniform").stream(static_cast<uint64_t>(c)));
                    actions = concat({uniform, next.action.reshape(each), current.action.reshape(each)}, 1);
                    log_p = concat({Tensor::full(b, DType::f32, density, static_cast<double>(da) * std::log(0.5)),
                                    next.log_p.reshape(density), current.log_p.reshape(density)},
                                   1);
                }
                const Tensor total = config_.lagrange
                                         ? conservative_term(critics_, rows, actions, log_p, q, config_.difference_low)
                                         : conservative_term(critics_, rows, actions, log_p, q);
                difference[static_cast<size_t>(c)] = total.item();
                return total * (strength * inverse);
            });

        actor_optimiser_.step(actor_set_, actor.flat, config_.actor_learning_rate);
        double mean_log_p = 0, mean_difference = 0;
        for (double s : log_p_sum) mean_log_p += s * inverse;
        for (double s : difference) mean_difference += s * inverse;
        step_scalar(alpha_set_, alpha_optimiser_, temperature_gradient(mean_log_p, da), config_.actor_learning_rate);
        if (config_.lagrange)
            step_scalar(multiplier_set_, multiplier_optimiser_,
                        multiplier_gradient(strength, mean_difference, config_.lagrange_gap), value_.learning_rate);
        nn::move_towards(critics_target_set_, critics_set_, value_.ema);
        return {{"critic_loss", critic},
                {"actor_loss", actor.loss},
                {"log_p", mean_log_p},
                {"difference", mean_difference / 2},
                {"alpha", alpha}};
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
    void step_scalar(nn::ParameterSet& set, nn::Adam& optimiser, double gradient, double rate) {
        optimiser.step(set, Tensor::full(context_.backend, DType::f32, Shape{1}, gradient), rate);
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

double temperature_gradient(double mean_log_p, int64_t actions) { return -(mean_log_p - static_cast<double>(actions)); }

double multiplier_gradient(double strength, double differences, double gap) {
    return -0.5 * strength * (differences - 2 * gap);
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
