#include "astro/learners/value.h"

#include <algorithm>
#include <cmath>

#include "astro/ensemble.h"

namespace astro::method::learners {

Tensor Critics::operator()(size_t i, const Tensor& input, const Tensor& action) const {
    return q[i](concat({input, action}, 1)).reshape(Shape{input.dim(0)});
}

Tensor Critics::min(const Tensor& input, const Tensor& action) const {
    std::vector<Tensor> each;
    for (size_t i = 0; i < q.size(); ++i) each.push_back((*this)(i, input, action));
    return min_of(each);
}

Tensor value_of(const nn::Mlp& v, const Tensor& input) { return v(input).reshape(Shape{input.dim(0)}); }

Tensor td_target(const Batch& batch, const Tensor& next_value, const TargetRule& rule) {
    NoTape off;
    const Tensor y = batch.reward + batch.mask * next_value * rule.gamma;
    return rule.clamped ? clamp(y, -1 / (1 - rule.gamma), 0) : y;
}

std::vector<Tensor> critic_values(const Critics& critics, const Batch& batch) {
    std::vector<Tensor> q;
    for (size_t i = 0; i < critics.q.size(); ++i) q.push_back(critics(i, batch.value_input, batch.action));
    return q;
}

Tensor critic_loss(const nn::Chunk& chunk, const std::vector<Tensor>& q, const Tensor& y) {
    return chunk.mean(squared_errors(q, {y}));
}

Tensor actor_outputs(const Actor& actor, const Critics& critics, const Batch& rows, bool min_q) {
    const Tensor action = actor(rows.input);
    const Tensor q = min_q ? critics.min(rows.input, action) : critics(0, rows.input, action);
    return concat({q.reshape(Shape{rows.input.dim(0), 1}), action - rows.action}, 1);
}

Tensor actor_loss(const nn::Chunk& chunk, const Tensor& own, const Tensor& all, const ActorTerms& terms) {
    const Tensor q = slice(own, 1, 0, 1), error = slice(own, 1, 1, own.dim(1) - 1);  // (n, 1), (n, A)
    const Tensor mean_size = mean(abs(slice(all.detach(), 1, 0, 1)));
    const Tensor normalised = chunk.mean(q) / clamp(mean_size, 1e-12, HUGE_VAL);
    return chunk.mean(square(error)) * terms.bc_weight - normalised * terms.q_weight;
}

Tensor repeat_inputs(const Tensor& input, int64_t n) {
    return repeat_rows(input, n).reshape(Shape{input.dim(0) * n, input.dim(1)});
}

Tensor smoothed_actions(const Tensor& mean, const Tensor& noise, double policy_noise, double clip) {
    NoTape off;
    return clamp(mean + clamp(noise * policy_noise, -clip, clip), -1, 1);
}

ValueLearner::ValueLearner(const Context& context, const Config& config, const LearningData& data,
                           const std::string& stage)
    : Learner(context, data, config.value.current_goals, config.value.trajectory_goals, stage,
              static_cast<uint64_t>(config.general.seed)),
      value_(config.value) {}

Actor ValueLearner::make_actor(const nn::Maker& make, int64_t in, int64_t out, bool squash,
                               const std::vector<float>& spread) const {
    nn::MlpSpec spec;
    spec.in = in, spec.out = out, spec.width = value_.actor_width, spec.layers = value_.actor_layers;
    spec.layer_norm = value_.actor_layer_norm;
    spec.activation = activation();
    spec.output_scale = value_.last_layer_scale;
    return {nn::make_mlp(make, spec, spread), squash, out};
}

nn::Mlp ValueLearner::make_critic(const nn::Maker& make, int64_t in, const std::vector<float>& spread,
                                  int64_t out) const {
    nn::MlpSpec spec;
    spec.in = in, spec.out = out, spec.width = value_.critic_width, spec.layers = value_.critic_layers;
    spec.layer_norm = value_.critic_layer_norm;
    spec.activation = activation();
    return nn::make_mlp(make, spec, spread);
}

CriticLearner::CriticLearner(const Context& context, const Config& config, const LearningData& data,
                             const std::string& stage)
    : ValueLearner(context, config, data, stage) {
    sampler_.draw_returns(value_.return_steps);
    Rng rng = init_stream();
    nn::Maker make{context.backend, DType::f32, rng};
    const int64_t in = sampler_.input_width(), actions = sampler_.action_dim();
    actor_ = make_actor(make, in, actions, true, sampler_.spread(1024, false, rng.stream("spread")));
    actor_set_ = nn::ParameterSet(actor_);
    const std::vector<float> spread = sampler_.spread(1024, true, rng.stream("spread"));
    for (int i = 0; i < 2; ++i) critics_.q.push_back(make_critic(make, in + actions, spread));
    critics_target_ = critics_;
    critics_set_ = nn::ParameterSet(critics_);
    critics_target_set_ = nn::ParameterSet(critics_target_);
    actor_optimiser_ = nn::Adam(actor_set_);
    critics_optimiser_ = nn::Adam(critics_set_);
}

TrainingState CriticLearner::state() {
    TrainingState state;
    state.add("model", actor_set_);
    state.add("model", critics_set_);
    state.add("target", critics_target_set_);
    state.add("optimiser/actor", actor_set_, actor_optimiser_);
    state.add("optimiser/critics", critics_set_, critics_optimiser_);
    return state;
}

TargetRule ValueLearner::target_rule() const { return {sampler_.data().gamma, sampler_.goals()}; }

Update ValueLearner::begin(int64_t k, const std::string& kind, const std::vector<nn::Adam*>& optimisers) {
    Update u = Learner::begin(k, kind, value_.batch, stream(k).stream("batch"), rate(k), optimisers);
    u.target_rate = u.step.number(value_.target_rate);
    return u;
}

void CriticLearner::train_critics(Update& u, const RowsFunction& loss) {
    u.train(critics_set_, critics_optimiser_, {"critic_loss", ".critics"}, loss);
}

void CriticLearner::train_actor(Update& u, const ActorTerms& terms) {
    nn::train_step(
        u.step, u.cut, actor_set_, actor_optimiser_, {"actor_loss", ".actor"},
        [&](const nn::Chunk& c) { return actor_outputs(actor_, critics_, c.rows(u.batch), terms.min_q); },
        [&](const nn::Chunk& c, const Tensor& own, const Tensor& all) { return actor_loss(c, own, all, terms); });
}

}  // namespace astro::method::learners
