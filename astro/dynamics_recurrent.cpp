#include "astro/dynamics_recurrent.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// The largest |s' - s| of each dimension, in sigma_delta, over rows with a successor.
std::vector<float> largest_steps(const data::Dataset& d, const std::vector<int64_t>& rows,
                                 const std::vector<double>& sigma_delta) {
    std::vector<float> largest(to_size(d.state_dim), 1e-6f);  // above 0, since predictions are divided by it
    for (int64_t row : rows)
        for (int64_t i = 0; i < d.state_dim; ++i)
            nth(largest, i) = std::max(nth(largest, i), static_cast<float>(std::fabs(double(d.observation(row + 1)[i]) -
                                                                                     double(d.observation(row)[i])) /
                                                                           nth(sigma_delta, i)));
    return largest;
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
      }()) {
    const std::vector<float> limit = largest_steps(*map.data->dataset, sources_, statistics.sigma_delta);
    limit_ = Tensor::from(context.backend, Shape{ssize(limit)}, limit);
    limit_delta_ = limit_ * sigma_delta_;
}

Tensor DynamicsRecurrent::roll_out(const nn::Mlp& network, const Tensor& s0, const Tensor& actions, Steps steps) const {
    const int64_t batch = s0.dim(0), ds = s0.dim(1), n = actions.dim(1), da = actions.dim(2);
    Tensor moved;
    std::vector<Tensor> displacement;
    for (int64_t j = 0; j < n; ++j) {
        const Tensor state = j == 0 ? s0 : s0 + moved;
        const Tensor action = slice(actions, 1, j, 1).reshape(Shape{batch, da});
        const Tensor predicted = network(concat({state, action}, 1));  // (B, D)
        const Tensor change =
            steps == Steps::clipped ? clamp(predicted / limit_, -1, 1) * limit_delta_ : predicted * sigma_delta_;
        moved = j == 0 ? change : moved + change;
        displacement.push_back(moved.reshape(Shape{batch, 1, ds}));
    }
    return concat(displacement, 1);
}

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
        return rollout_loss(c, roll_out(network_.online(), w.s0, w.actions, Steps::as_predicted), w.displacement,
                            sigma_delta_);
    });
}

Tensor DynamicsRecurrent::rollout(const Tensor& s0, const Tensor& actions, int64_t) const {
    ASTRO_CHECK(actions.dim(1) <= horizon_, "rollout: ", actions.dim(1), " actions for a horizon of ", horizon_);
    return roll_out(network_.averaged(), s0, actions, Steps::clipped);
}

}  // namespace astro::method
