#include "astro/measure/one_step.h"

#include <algorithm>

#include "tensor/base/rows.h"

namespace astro::method {

OneStepModels::OneStepModels(const Context& context, const OneStepConfig& config, int64_t updates,
                             const Trajectories& data, const Statistics& statistics, uint64_t seed)
    : TrainableModel(context), config_(config), updates_(updates), data_(data), statistics_(statistics), seed_(seed) {
    sources_ = rows_with_successor(data);
    if (sources_.empty()) fail(ErrorKind::data, "one_step: no trajectory has at least two rows");
    for (int64_t m = 0; m < config.members; ++m) {
        Rng rng = Rng(seed).stream("one_step/init").stream(static_cast<uint64_t>(m));
        networks_.member.push_back(make_one_step_network({context.backend, DType::f32, rng}, *data.dataset, sources_,
                                                         config.layers, config.width));
    }
    set_ = nn::ParameterSet(networks_);
    optimiser_ = nn::Adam(set_);
}

// The mean over the members of mean |f([s | a]) - (s' - s) / sigma_delta|^2. They share no parameters, so each
// is trained independently.
void OneStepModels::update(int64_t k) {
    nn::Step step = steps_.begin("", k);
    const Rng stream = Rng(seed_).stream("one_step").stream(static_cast<uint64_t>(k));
    std::vector<Transitions> batch;
    for (int64_t m = 0; m < config_.members; ++m)
        batch.push_back(draw_transitions(step, *data_.dataset, sources_, config_.batch, statistics_.sigma_delta,
                                         stream.stream(static_cast<uint64_t>(m))));
    optimiser_.prepare(step, nn::cosine_rate(k, updates_, 0, config_.learning_rate, config_.learning_rate_end));
    step.run([&] {
        nn::train_step(step, context_.cut(config_.batch), set_, optimiser_, {"loss"}, [&](const nn::Chunk& c) {
            Tensor loss;
            for (size_t m = 0; m < batch.size(); ++m) {
                const Tensor own =
                    one_step_loss(c, networks_.member[m](c.rows(batch[m].input)), c.rows(batch[m].change));
                loss = m == 0 ? own : loss + own;
            }
            return loss * (1.0 / static_cast<double>(batch.size()));
        });
    });
}

TrainingState OneStepModels::state() {
    TrainingState state;
    state.add("model", set_);
    state.add("optimiser", set_, optimiser_);
    return state;
}

std::vector<float> one_step(Backend& backend, const nn::Mlp& network, const std::vector<float>& states,
                            const std::vector<float>& actions, const std::vector<double>& sigma_delta) {
    const auto ds = ssize(sigma_delta), n = ssize(states) / ds;
    if (n == 0) return {};
    const int64_t da = ssize(actions) / n;
    const Tensor s = Tensor::from(backend, Shape{n, ds}, states), a = Tensor::from(backend, Shape{n, da}, actions);
    std::vector<float> next = network(concat({s, a}, 1)).to_vector<float>();
    for (size_t i = 0; i < next.size(); ++i)
        next[i] = static_cast<float>(double(states[i]) + sigma_delta[i % sigma_delta.size()] * double(next[i]));
    return next;
}

OpenLoopPrediction one_step_rollout(Backend& backend, const nn::Mlp& network, const std::vector<double>& sigma_delta) {
    return [&backend, &network, &sigma_delta](const Tensor& first, const Tensor& actions) {
        const int64_t n = actions.dim(0), horizon = actions.dim(1), ds = first.dim(1);
        const std::vector<float> start = first.to_vector<float>();
        std::vector<float> states = start, displacement(to_size(n * horizon * ds));
        for (int64_t j = 0; j < horizon; ++j) {
            states = one_step(backend, network, states, slice(actions, 1, j, 1).to_vector<float>(), sigma_delta);
            for (int64_t i = 0; i < n; ++i)
                for (int64_t x = 0; x < ds; ++x)
                    nth(displacement, (i * horizon + j) * ds + x) = nth(states, i * ds + x) - nth(start, i * ds + x);
        }
        return displacement;
    };
}

}  // namespace astro::method
