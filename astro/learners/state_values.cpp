#include "astro/learners/state_values.h"

#include "astro/expectile.h"

namespace astro::method::learners {

Tensor StateValues::represent(const Tensor& input) const { return scaled_to_length(phi(input)); }

std::vector<Tensor> StateValues::operator()(const Tensor& input) const {
    const Tensor x = phi.layers.empty() ? input : concat({state_of(input), represent(input)}, 1);
    std::vector<Tensor> values;
    for (const nn::Mlp& one : v) values.push_back(value_of(one, x));
    return values;
}

Tensor StateValues::mean(const Tensor& input) const { return mean_of((*this)(input)); }

Tensor step_advantage(const StateValues& values, const Batch& rows) {
    return values.mean(with_goal(state_of(rows.next_input), goal_of(rows.input))) - values.mean(rows.input);
}

Tensor implicit_value_loss(const nn::Chunk& chunk, const StateValues& values, const StateValues& target,
                           const Batch& rows, const TargetRule& rule, double tau) {
    std::vector<Tensor> y;  // of each network: (n)
    Tensor weight;          // (n)
    {
        NoTape off;
        for (const Tensor& next : target(rows.next_input)) y.push_back(td_target(rows, next, rule));
        weight = implicit_weight(y, target.mean(rows.value_input), tau);
    }
    return chunk.mean(weight * squared_errors(values(rows.value_input), y));
}

StateValueLearner::StateValueLearner(const Context& context, const Config& config, const LearningData& data,
                                     const std::string& stage, double expectile, int64_t representation)
    : ValueLearner(context, config, data, stage), expectile_(expectile) {
    Rng rng = init_stream().stream("value");
    nn::Maker make{context.backend, DType::f32, rng};
    const std::vector<float> spread = sampler_.spread(1024, false, rng.stream("spread"));
    const bool represented = representation > 0;
    const int64_t in = represented ? sampler_.state_dim() + representation : sampler_.input_width();
    for (int i = 0; i < 2; ++i) values_.v.push_back(make_critic(make, in, represented ? std::vector<float>{} : spread));
    if (represented) values_.phi = make_critic(make, sampler_.input_width(), spread, representation);
    values_target_ = values_;
    values_set_ = nn::ParameterSet(values_);
    values_target_set_ = nn::ParameterSet(values_target_);
    values_optimiser_ = nn::Adam(values_set_);
}

void StateValueLearner::train_values(Update& u) {
    u.train(values_set_, values_optimiser_, {"value_loss", ".value"}, [&](const nn::Chunk& c, const Batch& rows) {
        return implicit_value_loss(c, values_, values_target_, rows, target_rule(), expectile_);
    });
    nn::polyak_update(u.step, values_target_set_, values_set_, u.target_rate);
}

TrainingState StateValueLearner::state() {
    TrainingState state;
    state.add("model", actor_set_);
    state.add("model", values_set_);
    state.add("target", values_target_set_);
    state.add("optimiser/actor", actor_set_, actor_optimiser_);
    state.add("optimiser/value", values_set_, values_optimiser_);
    return state;
}

}  // namespace astro::method::learners
