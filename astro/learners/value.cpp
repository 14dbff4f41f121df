#include "astro/learners/value.h"

#include <algorithm>
#include <cmath>

namespace astro::learners {

Tensor Critics::operator()(size_t i, const Tensor& input, const Tensor& action) const {
    return q[i](concat({input, action}, 1)).reshape(Shape{input.dim(0)});
}

Tensor Critics::least(const Tensor& input, const Tensor& action) const {
    Tensor y = (*this)(0, input, action);
    for (size_t i = 1; i < q.size(); ++i) y = minimum(y, (*this)(i, input, action));
    return y;
}

Tensor value_of(const nn::Mlp& v, const Tensor& input) { return v(input).reshape(Shape{input.dim(0)}); }

Tensor regression_target(const Batch& batch, const Tensor& next_value, const TargetRule& rule) {
    NoTape off;
    const Tensor y = batch.reward + batch.mask * next_value * rule.gamma;
    return rule.clamped ? clamp(y, -1 / (1 - rule.gamma), 0) : y;
}

std::vector<Tensor> critic_values(const Critics& critics, const Batch& batch) {
    std::vector<Tensor> q;
    for (size_t i = 0; i < critics.q.size(); ++i) q.push_back(critics(i, batch.value_input, batch.action));
    return q;
}

Tensor critic_loss(const std::vector<Tensor>& q, const Tensor& y, int64_t count) {
    Tensor loss;
    for (size_t i = 0; i < q.size(); ++i) {
        const Tensor term = sum(square(q[i] - y));
        loss = i == 0 ? term : loss + term;
    }
    return loss * (1.0 / static_cast<double>(count));
}

Tensor actor_outputs(const Actor& actor, const Critics& critics, const Batch& rows, bool least) {
    const Tensor action = actor(rows.input);
    const Tensor q = least ? critics.least(rows.input, action) : critics(0, rows.input, action);
    return concat({q.reshape(Shape{rows.input.dim(0), 1}), action - rows.action}, 1);
}

nn::Joined join_actor_loss(const std::vector<Tensor>& outputs, const ActorTerms& terms) {
    const Tensor all = concat(outputs, 0);  // (B, 1 + A)
    const int64_t rows = all.dim(0), actions = all.dim(1) - 1;
    const double n = static_cast<double>(rows), each = terms.bc_weight / (n * static_cast<double>(actions));
    const Tensor q = slice(all, 1, 0, 1), miss = slice(all, 1, 1, actions);
    const Tensor size = sum(abs(q)) * (1 / n);  // mean |q|
    const Tensor scale =                        // of each q
        Tensor::full(all.backend(), all.dtype(), Shape{}, terms.q_weight / n) / clamp(size, 1e-12, HUGE_VAL);
    nn::Joined joined;
    joined.loss = sum(square(miss)) * each - scale * sum(q);
    // d/dq = -scale, d/d(pi - a) = 2 each (pi - a)
    const Tensor by_q = Tensor::zeros(all.backend(), all.dtype(), q.shape()) - scale;
    const Tensor gradient = concat({by_q, miss * (2 * each)}, 1);
    int64_t first = 0;
    for (const Tensor& chunk : outputs) {
        joined.gradients.push_back(gradient.rows(first, chunk.dim(0)));
        first += chunk.dim(0);
    }
    return joined;
}

Tensor smoothed_actions(const Tensor& mean, const Tensor& noise, double policy_noise, double clip) {
    NoTape off;
    return clamp(mean + clamp(noise * policy_noise, -clip, clip), -1, 1);
}

ValueLearner::ValueLearner(const Context& context, const Config& config, const LearningData& data,
                           const std::string& stage)
    : Learner(context, data, config.value.current_goals, config.value.trajectory_goals, stage,
              static_cast<uint64_t>(config.general.seed)),
      value_(config.value) {
    Rng rng = init_stream();
    nn::Maker make{context.backend, DType::f32, rng};
    const int64_t in = sampler_.input_width(), actions = sampler_.action_dim();
    nn::MlpSpec spec;
    spec.in = in, spec.out = actions, spec.width = value_.actor_width, spec.layers = value_.actor_layers;
    spec.layer_norm = value_.actor_layer_norm;
    spec.activation = activation();
    spec.output_scale = value_.last_layer_scale;
    actor_.net = nn::make_mlp(make, spec, sampler_.spread(1024, false, rng.stream("spread")));
    actor_.squash = true;
    actor_.actions = actions;
    actor_set_ = nn::ParameterSet(actor_);
    const std::vector<float> spread = sampler_.spread(1024, true, rng.stream("spread"));
    for (int i = 0; i < 2; ++i) critics_.q.push_back(make_critic(make, in + actions, spread));
    critics_target_ = critics_;
    critics_set_ = nn::ParameterSet(critics_);
    critics_target_set_ = nn::ParameterSet(critics_target_);
    actor_optimiser_ = nn::Adam(actor_set_);
    critics_optimiser_ = nn::Adam(critics_set_);
}

nn::Mlp ValueLearner::make_critic(const nn::Maker& make, int64_t in, const std::vector<float>& spread) const {
    nn::MlpSpec spec;
    spec.in = in, spec.out = 1, spec.width = value_.critic_width, spec.layers = value_.critic_layers;
    spec.layer_norm = value_.critic_layer_norm;
    spec.activation = activation();
    return nn::make_mlp(make, spec, spread);
}

TrainingState ValueLearner::state() {
    TrainingState state;
    state.add("model", actor_set_);
    state.add("model", critics_set_);
    state.add("target", critics_target_set_);
    state.add("optimiser/actor", actor_set_, actor_optimiser_);
    state.add("optimiser/critics", critics_set_, critics_optimiser_);
    return state;
}

TargetRule ValueLearner::target_rule() const { return {sampler_.data().gamma, sampler_.goals()}; }

void ValueLearner::update_critics(nn::Step& step, const Batch& batch, const Target& target, const Extra& more) {
    const int64_t rows = batch.reward.dim(0);
    auto body = [&](int64_t chunk, int64_t first, int64_t count) {
        const Batch part = batch.rows(first, count);
        Tensor y;
        {
            NoTape off;
            y = target(chunk, part);
        }
        const std::vector<Tensor> q = critic_values(critics_, part);
        const Tensor loss = critic_loss(q, y, rows);
        return more ? loss + more(chunk, part, q, rows) : loss;
    };
    const nn::Gradient g = nn::chunked_gradient(context_.threads, context_.chunks, rows, critics_set_.flat(), body);
    step.report("critic_loss", g.loss);
    critics_optimiser_.apply(step, critics_set_, g.flat, ".critics");
}

void ValueLearner::update_actor(nn::Step& step, const Batch& batch, const ActorTerms& terms) {
    const nn::Gradient g = nn::joint_gradient(
        context_.threads, context_.chunks, batch.reward.dim(0), actor_set_.flat(),
        [&](int64_t, int64_t first, int64_t count) {
            return actor_outputs(actor_, critics_, batch.rows(first, count), terms.least);
        },
        [&](const std::vector<Tensor>& outputs) { return join_actor_loss(outputs, terms); });
    step.report("actor_loss", g.loss);
    actor_optimiser_.apply(step, actor_set_, g.flat, ".actor");
}

}  // namespace astro::learners
