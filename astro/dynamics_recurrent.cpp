#include "astro/dynamics_recurrent.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// s^_1 - s_0, ..., s^_n - s_0: (B, n, D).
Tensor roll_out(const nn::Mlp& network, const Tensor& s0, const Tensor& actions, const Tensor& sigma_delta) {
    const int64_t batch = s0.dim(0), ds = s0.dim(1), n = actions.dim(1), da = actions.dim(2);
    Tensor moved;
    std::vector<Tensor> displacement;
    for (int64_t j = 0; j < n; ++j) {
        const Tensor state = j == 0 ? s0 : s0 + moved;
        const Tensor action = slice(actions, 1, j, 1).reshape(Shape{batch, da});
        const Tensor change = network(concat({state, action}, 1)) * sigma_delta;  // (B, D)
        moved = j == 0 ? change : moved + change;
        displacement.push_back(moved.reshape(Shape{batch, 1, ds}));
    }
    return concat(displacement, 1);
}

}  // namespace

Tensor rollout_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                    const Tensor& sigma_delta) {
    const Tensor error = (predicted - displacement) / sigma_delta;
    return chunk.mean(2.0 * (sqrt(1.0 + square(error)) - 1.0));
}

DynamicsRecurrent::DynamicsRecurrent(const Context& context, const DynamicsConfig& config, int64_t horizon,
                                     const TemporalMap& map, const Statistics& statistics, uint64_t seed,
                                     int64_t member)
    : Dynamics(context, config, horizon, map, statistics, seed, member),
      sources_(rows_with_successor(*map.data)),
      network_(context, config.network, [&] {
          Rng rng = Rng(seed).stream(name_of(member) + "/init");
          return make_one_step_network({context.backend, DType::f32, rng}, *map.data->dataset, sources_,
                                       config.network.layers, config.network.width);
      }()) {}

void DynamicsRecurrent::update(int64_t k) {
    const auto windows =
        std::llround(config_.rollout_share * static_cast<double>(config_.network.updates));  // updates on windows
    const bool single = k < config_.network.updates - windows;
    nn::Step step = steps_.begin(single ? "transitions" : "windows", k);
    if (single)
        train_on_transitions(step, k);
    else
        train_on_windows(step, k);
}

void DynamicsRecurrent::train_on_transitions(nn::Step& step, int64_t k) {
    const int64_t batch = config_.network.batch;
    const Transitions drawn =
        draw_transitions(step, *map_.data->dataset, sources_, batch, statistics_.sigma_delta, stream(k).stream("rows"));
    network_.train_step(step, k, batch, [&](const nn::Chunk& c) {
        return one_step_loss(c, network_.online()(c.rows(drawn.input)), c.rows(drawn.change));
    });
}

void DynamicsRecurrent::train_on_windows(nn::Step& step, int64_t k) {
    Rng rng = stream(k).stream("rows");
    const int64_t batch = std::max<int64_t>(1, config_.network.batch / 4);
    const Windows windows = gather(step.inputs(), draw_starts(rng, batch));
    network_.train_step(step, k, batch, [&](const nn::Chunk& c) {
        const Windows w = c.rows(windows);
        return rollout_loss(c, roll_out(network_.online(), w.s0, w.actions, sigma_delta_), w.displacement,
                            sigma_delta_);
    });
}

Tensor DynamicsRecurrent::rollout(const Tensor& s0, const Tensor& actions, int64_t) const {
    ASTRO_CHECK(actions.dim(1) <= horizon_, "rollout: ", actions.dim(1), " actions for a horizon of ", horizon_);
    return roll_out(network_.averaged(), s0, actions, sigma_delta_);
}

}  // namespace astro::method
