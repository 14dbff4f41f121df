// CQL as in CORL (algorithms/offline/cql.py; docs/method.md 10.6). See cql.cpp for both forms and
// tests/golden/make_cql.py for one update.
//   actor: mean alpha log p - min_i Q_i(s, a_new)
//   y = r + gamma mask max over n of min_i Q'_i(s', a'), no entropy in the target (n-step returns: batch.h)
//   critics: sum_i mean (Q_i(s, a) - y)^2 + alpha_C w mean sum_i difference_i
//   temperature: -mean log_alpha (log p + H), H = -A;   multiplier: -1/2 sum_i alpha_C w (difference_i - gap)
#include "astro/learners/cql_pure.h"

#include <cmath>

#include "astro/learners/conservative.h"
#include "astro/learners/gaussian_policy.h"

namespace astro::method::learners {

Tensor temperature_loss(const Tensor& log_alpha, const Tensor& mean_log_p, int64_t actions) {
    return sum(log_alpha * (static_cast<double>(actions) - mean_log_p.detach()));
}

Tensor lagrange_strength(const Tensor& log_multiplier, double weight) {
    return clamp(exp(log_multiplier), 0, 1e6) * weight;
}

Tensor multiplier_loss(const Tensor& log_multiplier, double weight, const Tensor& differences, double gap) {
    return sum(lagrange_strength(log_multiplier, weight) * (differences.detach() - 2 * gap) * -0.5);
}

namespace {

struct Scalar {  // a learnt number
    Tensor value;
    template <class V>
    void visit(V& v) {
        v("value", value);
    }
};

class CqlPure : public CriticLearner {
    struct Noise {  // states of the streams, one row per chunk
        Tensor next, policy, cql_next, cql_current, uniform;
    };

    GaussianPolicy::Sample sample(const nn::Chunk& c, const Tensor& input, int64_t times, const Tensor& streams) const {
        const Shape shape{c.count * times, sampler_.action_dim()};
        return policy_.at(input).repeat(times).sample(c.normal(streams, shape));
    }

    // y = r + gamma mask max over n of min_i Q'_i(s', a'), no entropy in the target: (n)
    Tensor critic_target(const nn::Chunk& c, Batch rows, const Noise& noise) const {
        if (!sampler_.goals())  // CORL's reward for antmaze: (r + 1) scale - shift
            rows.reward = affine(rows.reward, config_.reward_scale, config_.reward_scale - config_.reward_shift);
        const int64_t tries = config_.max_target ? config_.sampled_actions : 1;
        const Tensor action = sample(c, rows.next_input, tries, noise.next).action;
        const Tensor min_value = critics_target_.min(repeat_inputs(rows.next_input, tries), action);
        return td_target(rows, largest(min_value.reshape(Shape{c.count, tries})), target_rule());
    }

    // (n, 1 + critics): the sum of the conservative differences, then Q_i - y of each critic
    Tensor critic_outputs(const nn::Chunk& c, const Batch& rows, const Tensor& y, const Noise& noise) const {
        const int64_t n = config_.sampled_actions, da = sampler_.action_dim();
        const Shape column{c.count, 1};
        Tensor actions, log_p;
        {
            NoTape off;
            const GaussianPolicy::Sample next = sample(c, rows.next_input, n, noise.cql_next);
            const GaussianPolicy::Sample current = sample(c, rows.value_input, n, noise.cql_current);
            const Shape each{c.count, n, da}, density{c.count, n};
            const Tensor uniform = c.uniform(noise.uniform, each, -1, 1);
            const Tensor log_uniform =
                Tensor::full(context_.backend, DType::f32, density, static_cast<double>(da) * std::log(0.5));
            actions = concat({uniform, next.action.reshape(each), current.action.reshape(each)}, 1);
            log_p = concat({log_uniform, next.log_p.reshape(density), current.log_p.reshape(density)}, 1);
        }
        const std::vector<Tensor> q = critic_values(critics_, rows);
        const double low = config_.lagrange ? config_.difference_low : -HUGE_VAL;
        std::vector<Tensor> columns = {
            conservative_differences(critics_, rows, actions, log_p, q, low).reshape(column)};
        for (const Tensor& value : q) columns.push_back((value - y).reshape(column));
        return concat(columns, 1);
    }

    // sum_i mean (Q_i - y)^2 + strength mean sum_i difference_i
    Tensor critic_loss(const nn::Chunk& c, const Tensor& outputs, const Tensor& strength) const {
        const Tensor errors = slice(outputs, 1, 1, outputs.dim(1) - 1);
        return c.mean(sum(square(errors), 1)) + sum(c.mean(slice(outputs, 1, 0, 1)) * strength);
    }

    // (n, 2): log p of a new action, min_i Q_i of it
    Tensor actor_outputs(const nn::Chunk& c, const Batch& rows, const Noise& noise) const {
        const GaussianPolicy::Sample now = sample(c, rows.input, 1, noise.policy);
        const Shape column{c.count, 1};
        return concat({now.log_p.reshape(column), critics_.min(rows.input, now.action).reshape(column)}, 1);
    }

    // mean alpha log p - min_i Q_i
    Tensor actor_loss(const nn::Chunk& c, const Tensor& outputs, const Tensor& alpha) const {
        return c.mean(slice(outputs, 1, 0, 1) * alpha - slice(outputs, 1, 1, 1));
    }

  public:
    void update(int64_t k) override {
        Update u = begin(k, "", {&critics_optimiser_});
        const Noise noise = {u.streams("next"), u.streams("policy"), u.streams("cql-next"), u.streams("cql-current"),
                             u.streams("uniform")};
        actor_optimiser_.prepare(u.step, config_.actor_learning_rate);
        alpha_optimiser_.prepare(u.step, config_.actor_learning_rate);
        if (config_.lagrange) multiplier_optimiser_.prepare(u.step, value_.learning_rate);
        u.step.run([&] {
            // As in CORL, all gradients are computed before any network is updated.
            const Tensor alpha = exp(log_alpha_.value);  // (1)
            const Tensor strength = config_.lagrange
                                        ? lagrange_strength(log_multiplier_.value, config_.pure_weight)
                                        : Tensor::full(context_.backend, DType::f32, Shape{1}, config_.pure_weight);
            const Tensor y =
                u.map([&](const nn::Chunk& c, const Batch& rows) { return critic_target(c, rows, noise); });
            const nn::Gradient actor = nn::chunked_gradient(
                u.cut, actor_set_.flat(), [&](const nn::Chunk& c) { return actor_outputs(c, c.rows(u.batch), noise); },
                [&](const nn::Chunk& c, const Tensor& outputs) { return actor_loss(c, outputs, alpha); });
            const nn::Gradient critics = nn::chunked_gradient(
                u.cut, critics_set_.flat(),
                [&](const nn::Chunk& c) { return critic_outputs(c, c.rows(u.batch), c.rows(y), noise); },
                [&](const nn::Chunk& c, const Tensor& outputs) { return critic_loss(c, outputs, strength); });
            nn::apply_gradient(u.step, critics_set_, critics_optimiser_, {"critic_loss", ".critics"}, critics);
            nn::apply_gradient(u.step, actor_set_, actor_optimiser_, {"actor_loss", ".actor"}, actor);

            const Tensor log_p = mean(slice(actor.outputs, 1, 0, 1)).reshape(Shape{1});
            const Tensor differences = mean(slice(critics.outputs, 1, 0, 1)).reshape(Shape{1});
            u.step.report("log_p", log_p);
            u.step.report("difference", differences * 0.5);
            u.step.report("alpha", alpha);
            nn::train_step(u.step, alpha_set_, alpha_optimiser_, ".temperature",
                           [&] { return temperature_loss(log_alpha_.value, log_p, sampler_.action_dim()); });
            if (config_.lagrange)
                nn::train_step(u.step, multiplier_set_, multiplier_optimiser_, ".multiplier", [&] {
                    return multiplier_loss(log_multiplier_.value, config_.pure_weight, differences,
                                           config_.lagrange_gap);
                });
            nn::polyak_update(u.step, critics_target_set_, critics_set_, u.target_rate);
        });
    }

    CqlPure(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : CriticLearner(context, config, data, stage), config_(config.cql) {
        Rng rng = init_stream().stream("gaussian");
        nn::Maker make{context.backend, DType::f32, rng};
        nn::MlpSpec spec = actor_.net.spec;
        spec.out = 2 * sampler_.action_dim(), spec.output_scale = 1;
        actor_.net = nn::make_mlp(make, spec, sampler_.spread(1024, false, rng.stream("spread")));
        policy_.net = actor_.net;
        policy_.multiplier = Tensor::full(context.backend, DType::f32, Shape{1}, 1);
        policy_.offset = Tensor::full(context.backend, DType::f32, Shape{1}, -1);
        actor_set_ = nn::ParameterSet(policy_);
        actor_.net = policy_.net;  // shares the parameters
        actor_optimiser_ = nn::Adam(actor_set_);
        for (Scalar* s : {&log_alpha_, &log_multiplier_})
            s->value = Tensor::zeros(context.backend, DType::f32, Shape{1});
        alpha_set_ = nn::ParameterSet(log_alpha_);
        multiplier_set_ = nn::ParameterSet(log_multiplier_);
        alpha_optimiser_ = nn::Adam(alpha_set_);
        multiplier_optimiser_ = nn::Adam(multiplier_set_);
    }

    TrainingState state() override {
        TrainingState state = CriticLearner::state();
        state.add("model/log_alpha", alpha_set_);
        state.add("model/log_multiplier", multiplier_set_);
        state.add("optimiser/log_alpha", alpha_set_, alpha_optimiser_);
        state.add("optimiser/log_multiplier", multiplier_set_, multiplier_optimiser_);
        return state;
    }

  private:
    CqlConfig config_;
    GaussianPolicy policy_;
    Scalar log_alpha_, log_multiplier_;
    nn::ParameterSet alpha_set_, multiplier_set_;
    nn::Adam alpha_optimiser_, multiplier_optimiser_;
};

}  // namespace

std::unique_ptr<Learner> make_cql_pure(const Context& context, const Config& config, const std::string&,
                                       const LearningData& data, const std::string& stage) {
    return std::make_unique<CqlPure>(context, config, data, stage);
}

}  // namespace astro::method::learners
