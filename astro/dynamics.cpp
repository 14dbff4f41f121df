#include "astro/dynamics.h"

#include <algorithm>
#include <cmath>

#include "astro/open_loop.h"
#include "tensor/base/moments.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

Tensor to_tensor(Backend& backend, const Shape& shape, const std::vector<double>& values) {
    return Tensor::from(backend, shape, values).cast(DType::f32);
}

diffusion::DenoiserSpec spec_of(const DynamicsConfig& config, int64_t horizon, const data::Dataset& d) {
    diffusion::DenoiserSpec spec;
    spec.tokens = horizon, spec.token_width = 2 * d.state_dim + d.action_dim;
    spec.condition_width = d.state_dim, spec.out_width = d.state_dim;
    spec.causal = config.attention == Attention::causal;
    return spec;
}

}  // namespace

std::string Dynamics::name_of(int64_t member) { return member ? text("dynamics", member) : "dynamics"; }

std::string Dynamics::name() const { return name_of(member_); }

Tensor dynamics_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& displacement,
                     const Tensor& sigma_delta, const Tensor& displacement_std) {
    return chunk.mean(square((cumsum(predicted * sigma_delta, 1) - displacement) / displacement_std));
}

Dynamics::Dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
                   const Statistics& statistics, uint64_t seed, int64_t member)
    : TrainableModel(context),
      config_(config),
      horizon_(horizon),
      map_(map),
      statistics_(statistics),
      seed_(seed),
      member_(member),
      schedule_(make_schedule(config.network)),
      network_(context, config.network, spec_of(config, horizon, *map.data->dataset),
               Rng(seed).stream(name_of(member) + "/init")) {
    const data::Dataset& d = *map.data->dataset;
    starts_ = window_starts(*map.data, map.arrival, horizon, 0);
    if (starts_.empty()) fail(ErrorKind::data, "dynamics: no episode travels for ", horizon, " steps", kTravelHint);
    sigma_delta_ = to_tensor(context.backend, Shape{d.state_dim}, statistics.sigma_delta);
    // Standard deviation of s_{t+j} - s_t, j = 1..H, over at most 20000 windows.
    const std::vector<int64_t> sample = spread_evenly(starts_, 20000);
    std::vector<double> standard_deviation;
    for (int64_t j = 1; j <= horizon; ++j)
        for (int64_t i = 0; i < d.state_dim; ++i) {
            Moments moved;
            for (int64_t t : sample) moved.add(double(d.observation(t + j)[i]) - double(d.observation(t)[i]));
            standard_deviation.push_back(std::sqrt(std::max(1e-6, moved.variance())));
        }
    displacement_std_ = to_tensor(context.backend, Shape{horizon, d.state_dim}, standard_deviation);
}

Dynamics::Windows Dynamics::gather(nn::Inputs& inputs, const data::Dataset& d,
                                   const std::vector<int64_t>& starts) const {
    const int64_t batch = ssize(starts), ds = d.state_dim, da = d.action_dim;
    std::vector<float> first, actions, displacement;
    for (int64_t start : starts) {
        const float* s0 = d.observation(start);
        first.insert(first.end(), s0, s0 + ds);
        actions.insert(actions.end(), d.action(start), d.action(start) + horizon_ * da);
        for (int64_t j = 1; j <= horizon_; ++j)
            for (int64_t i = 0; i < ds; ++i) displacement.push_back(d.observation(start + j)[i] - s0[i]);
    }
    return {inputs.add(Shape{batch, ds}, first), inputs.add(Shape{batch, horizon_, da}, actions),
            inputs.add(Shape{batch, horizon_, ds}, displacement)};
}

Dynamics::Windows Dynamics::Windows::rows(int64_t first, int64_t count) const {
    return {s0.rows(first, count), actions.rows(first, count), displacement.rows(first, count)};
}

void Dynamics::update(int64_t k) {
    nn::Step step = steps_.begin("", k);
    const Minibatch batch = draw(step, k);
    network_.train_step(step, k, [&](const nn::Chunk& chunk) { return loss(chunk, batch); });
}

// x^ = network([x_t | a | s_0], t, s_0); the loss applies to its running sums.
Tensor Dynamics::loss(const nn::Chunk& chunk, const Minibatch& batch) const {
    const Windows w = chunk.rows(batch.windows);
    const Tensor x = noisy_differences(chunk, batch);                              // (n, H, D)
    const Tensor tokens = concat({x, w.actions, repeat_rows(w.s0, horizon_)}, 2);  // (n, H, 2 D + A)
    const Tensor predicted = network_.online()(tokens, chunk.rows(batch.levels).t, w.s0);
    return dynamics_loss(chunk, predicted, w.displacement, sigma_delta_, displacement_std_);
}

// x_t of each window: zeros for the one-pass form, else (s_{j+1} - s_j) / sigma_delta with noise at the row's level.
Tensor Dynamics::noisy_differences(const nn::Chunk& chunk, const Minibatch& batch) const {
    const Tensor displacement = chunk.rows(batch.windows).displacement;
    const Tensor zeros = Tensor::zeros(context_.backend, DType::f32, displacement.shape());
    const int64_t one_pass = std::clamp<int64_t>(batch.one_pass - chunk.first, 0, chunk.count);
    if (one_pass == chunk.count) return zeros;
    const Tensor earlier = concat({slice(zeros, 1, 0, 1), slice(displacement, 1, 0, horizon_ - 1)}, 1);
    const Tensor clean = (displacement - earlier) / sigma_delta_;
    const Tensor noisy = add_noise(chunk.rows(batch.levels), clean, chunk.normal(batch.streams, displacement.shape()));
    return concat({slice(zeros, 0, 0, one_pass), slice(noisy, 0, one_pass, chunk.count - one_pass)}, 0);
}

Dynamics::Minibatch Dynamics::draw(nn::Step& step, int64_t k) const {
    const DenoiserConfig& net = config_.network;
    const Rng stream = Rng(seed_).stream(name()).stream(static_cast<uint64_t>(k));
    Rng rng = stream.stream("rows");
    std::vector<int64_t> rows;
    for (int64_t b = 0; b < net.batch; ++b) rows.push_back(nth(starts_, rng.below(ssize(starts_))));
    Minibatch batch;
    batch.windows = gather(step.inputs(), *map_.data->dataset, rows);
    batch.one_pass = std::llround(config_.one_pass_share * static_cast<double>(net.batch));
    std::vector<int64_t> levels(to_size(net.batch), net.diffusion_steps);
    for (int64_t b = batch.one_pass; b < net.batch; ++b) nth(levels, b) = 1 + rng.below(net.diffusion_steps);
    batch.levels = diffusion::row_levels(step.inputs(), schedule_, levels);
    batch.streams = context_.cut(net.batch).streams(
        step, [&](int64_t c) { return stream.stream(static_cast<uint64_t>(c)).stream("noise"); });
    return batch;
}

Tensor Dynamics::rollout(const Tensor& s0, const Tensor& actions, int64_t steps) const {
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

OpenLoopError Dynamics::open_loop_error(const Trajectories& data, const std::vector<int64_t>& arrival,
                                        const std::vector<int64_t>& steps, int64_t most_windows) const {
    const std::vector<int64_t> starts = open_loop_windows(data, arrival, horizon_, most_windows);
    auto rmse = [&](const OpenLoopPrediction& predict) {
        return open_loop_rmse(context_, data, starts, horizon_, statistics_.sigma_delta, predict);
    };
    auto rolled_out = [&](int64_t denoising_steps) {
        return rmse([&, denoising_steps](const Tensor& first, const Tensor& actions) {
            return rollout(first, actions, denoising_steps).to_vector<float>();
        });
    };
    const std::vector<double> one_pass = rolled_out(1), still = rmse(persistence);
    std::vector<double> sampled;
    if (config_.one_pass_share < 1) sampled = rolled_out(std::min(config_.final_steps, schedule_.steps()));
    OpenLoopError result;
    for (int64_t s : steps) {
        if (s < 1 || s > horizon_) continue;
        const auto i = to_size(s - 1);
        result.steps.push_back(s);
        result.one_pass.push_back(one_pass[i]);
        if (!sampled.empty()) result.sampled.push_back(sampled[i]);
        result.persistence.push_back(still[i]);
    }
    return result;
}

}  // namespace astro::method
