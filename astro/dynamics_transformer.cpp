#include "astro/dynamics_transformer.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/moments.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

diffusion::DenoiserSpec spec_of(const DynamicsConfig& config, int64_t horizon, const data::Dataset& d) {
    diffusion::DenoiserSpec spec;
    spec.tokens = horizon, spec.token_width = 2 * d.state_dim + d.action_dim;
    spec.condition_width = d.state_dim, spec.out_width = d.state_dim;
    spec.causal = config.attention == Attention::causal;
    return spec;
}

}  // namespace

Tensor dynamics_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                     const Tensor& sigma_delta, const Tensor& displacement_std) {
    return chunk.mean(square((cumsum(predicted * sigma_delta, 1) - displacement) / displacement_std));
}

DynamicsTransformer::DynamicsTransformer(const Context& context, const DynamicsConfig& config, int64_t horizon,
                                         const TemporalMap& map, const Statistics& statistics, uint64_t seed,
                                         int64_t member)
    : Dynamics(context, config, horizon, map, statistics, seed, member),
      schedule_(make_schedule(config.network)),
      network_(context, config.network,
               make_denoiser(context, config.network, spec_of(config, horizon, *map.data->dataset),
                             Rng(seed).stream(name_of(member) + "/init"))) {
    const data::Dataset& d = *map.data->dataset;
    // Standard deviation of s_{t+j} - s_t, j = 1..H, over at most 20000 windows.
    const std::vector<int64_t> sample = spread_evenly(starts_, 20000);
    std::vector<double> standard_deviation;
    for (int64_t j = 1; j <= horizon; ++j)
        for (int64_t i = 0; i < d.state_dim; ++i) {
            Moments moved;
            for (int64_t t : sample) moved.add(double(d.observation(t + j)[i]) - double(d.observation(t)[i]));
            standard_deviation.push_back(std::sqrt(std::max(1e-6, moved.variance())));
        }
    displacement_std_ = Tensor::from(context.backend, Shape{horizon, d.state_dim}, standard_deviation).cast(DType::f32);
}

void DynamicsTransformer::update(int64_t k) {
    nn::Step step = steps_.begin("", k);
    const Minibatch batch = draw(step, k);
    network_.train_step(step, k, config_.network.batch, [&](const nn::Chunk& chunk) { return loss(chunk, batch); });
}

// x^ = network([x_t | a | s_0], t, s_0); the loss applies to its running sums. x_t is 0 for the one-pass form, else
// (s_{j+1} - s_j) / sigma_delta with noise at the row's level.
Tensor DynamicsTransformer::loss(const nn::Chunk& chunk, const Minibatch& batch) const {
    const Windows w = chunk.rows(batch.windows);
    const Tensor x = noisy_differences(chunk, batch, w.displacement);              // (n, H, D)
    const Tensor tokens = concat({x, w.actions, repeat_rows(w.s0, horizon_)}, 2);  // (n, H, 2 D + A)
    const Tensor predicted = network_.online()(tokens, chunk.rows(batch.levels).t, w.s0);
    return dynamics_loss(chunk, predicted, w.displacement, sigma_delta_, displacement_std_);
}

Tensor DynamicsTransformer::noisy_differences(const nn::Chunk& chunk, const Minibatch& batch,
                                              const Tensor& displacement) const {
    const nn::Chunk one_pass = chunk.before(batch.one_pass);
    const Tensor zeros = Tensor::zeros(context_.backend, DType::f32, displacement.shape());
    if (one_pass.count == chunk.count) return zeros;
    const Tensor earlier = concat({slice(zeros, 1, 0, 1), slice(displacement, 1, 0, horizon_ - 1)}, 1);
    const Tensor clean = (displacement - earlier) / sigma_delta_;
    const Tensor noisy = add_noise(chunk.rows(batch.levels), clean, chunk.normal(batch.streams, clean.shape()));
    return concat({zeros.rows(0, one_pass.count), noisy.rows(one_pass.count, chunk.count - one_pass.count)}, 0);
}

DynamicsTransformer::Minibatch DynamicsTransformer::draw(nn::Step& step, int64_t k) const {
    const DenoiserConfig& net = config_.network;
    const Rng rng = stream(k);
    Rng rows = rng.stream("rows");
    Minibatch batch;
    batch.windows = gather(step.inputs(), draw_starts(rows, net.batch));
    batch.one_pass = std::llround(config_.one_pass_share * static_cast<double>(net.batch));
    std::vector<int64_t> levels(to_size(net.batch), net.diffusion_steps);
    for (int64_t b = batch.one_pass; b < net.batch; ++b) nth(levels, b) = 1 + rows.below(net.diffusion_steps);
    batch.levels = diffusion::row_levels(step.inputs(), schedule_, levels);
    batch.streams = context_.cut(net.batch).streams(
        step, [&](int64_t c) { return rng.stream(static_cast<uint64_t>(c)).stream("noise"); });
    return batch;
}

Tensor DynamicsTransformer::rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const {
    const int64_t batch = actions.dim(0), n = actions.dim(1), ds = s0.dim(1);
    ASTRO_CHECK(n <= horizon_, "rollout: ", n, " actions for a horizon of ", horizon_);
    const Tensor fixed = repeat_rows(s0, n);
    const std::vector<int64_t> levels = diffusion::sampler_levels(schedule_.steps(), steps);
    Tensor x = Tensor::zeros(context_.backend, DType::f32, Shape{batch, n, ds}), clean;
    for (size_t k = 0; k + 1 < levels.size(); ++k) {
        const bool last = k + 2 == levels.size();
        const Tensor t = Tensor::full(context_.backend, DType::i64, Shape{batch}, static_cast<double>(levels[k]));
        if (last) {
            clean = network_.averaged()(concat({x, actions, fixed}, 2), t, s0);
        } else {
            NoTape off;
            clean = network_.averaged()(concat({x, actions, fixed}, 2), t, s0);
            x = diffusion::ddim_step(schedule_, x, clean, levels[k], levels[k + 1]);
        }
    }
    return cumsum(clean * sigma_delta_, 1);
}

}  // namespace astro::method
