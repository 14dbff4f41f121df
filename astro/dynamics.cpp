#include "astro/dynamics.h"

#include <algorithm>
#include <cmath>

namespace astro {

namespace {

Tensor to_tensor(Backend& backend, const Shape& shape, const std::vector<double>& values) {
    return Tensor::from(backend, shape, values).cast(DType::f32);
}

// Rows from which `steps` more follow in their segment and which lie in travel.
std::vector<int64_t> window_starts(const Trajectories& data, const std::vector<int64_t>& arrival, int64_t steps) {
    std::vector<int64_t> starts;
    for (int64_t k = 0; k < data.count(); ++k)
        for (int64_t t = data.begin(k); t <= std::min(arrival[static_cast<size_t>(k)], data.last(k) - steps); ++t)
            starts.push_back(t);
    return starts;
}

diffusion::DenoiserSpec spec_of(const DynamicsConfig& config, int64_t horizon, const data::Dataset& d) {
    diffusion::DenoiserSpec spec;
    spec.tokens = horizon, spec.token_width = 2 * d.state_dim + d.action_dim;
    spec.condition_width = d.state_dim, spec.out_width = d.state_dim;
    spec.causal = config.attention == Attention::causal;
    return spec;
}

std::string name_of(int64_t member) { return member ? text("dynamics", member) : "dynamics"; }

}  // namespace

std::string Dynamics::name() const { return name_of(member_); }

Tensor dynamics_loss(const Tensor& predicted, const Tensor& displacement, const Tensor& sigma_delta,
                     const Tensor& deviation, int64_t count) {
    const Tensor error = (cumsum(predicted * sigma_delta, 1) - displacement) / deviation;
    return sum(square(error)) * (1.0 / static_cast<double>(count * predicted.dim(1) * predicted.dim(2)));
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
    starts_ = window_starts(*map.data, map.arrival, horizon);
    if (starts_.empty())
        fail(ErrorKind::data, "dynamics: no travelling episode has ", horizon, " steps; hint: a shorter planner.gap");
    sigma_delta_ = to_tensor(context.backend, Shape{d.state_dim}, statistics.sigma_delta);
    // Deviation of s_{t+j} - s_t, j = 1..H, over at most 20000 windows.
    std::vector<double> deviation(static_cast<size_t>(horizon * d.state_dim));
    const int64_t all = static_cast<int64_t>(starts_.size()), used = std::min<int64_t>(20000, all);
    for (int64_t j = 0; j < horizon; ++j)
        for (int64_t i = 0; i < d.state_dim; ++i) {
            double sum = 0, square = 0;
            for (int64_t w = 0; w < used; ++w) {
                const int64_t t = starts_[static_cast<size_t>(w * all / used)];
                const double x = double(d.observation(t + j + 1)[i]) - double(d.observation(t)[i]);
                sum += x, square += x * x;
            }
            const double mean = sum / static_cast<double>(used);
            deviation[static_cast<size_t>(j * d.state_dim + i)] =
                std::sqrt(std::max(1e-6, square / static_cast<double>(used) - mean * mean));
        }
    deviation_ = to_tensor(context.backend, Shape{horizon, d.state_dim}, deviation);
}

Dynamics::Windows Dynamics::gather(nn::Inputs& inputs, const data::Dataset& d,
                                   const std::vector<int64_t>& starts) const {
    const int64_t batch = static_cast<int64_t>(starts.size()), ds = d.state_dim, da = d.action_dim;
    std::vector<float> first, actions, displacement;
    for (int64_t start : starts) {
        const float* s0 = d.observation(start);
        first.insert(first.end(), s0, s0 + ds);
        actions.insert(actions.end(), d.action(start), d.action(start) + horizon_ * da);
        for (int64_t j = 1; j <= horizon_; ++j)
            for (int64_t i = 0; i < ds; ++i) displacement.push_back(d.observation(start + j)[i] - s0[i]);
    }
    return {inputs.add(Shape{batch, ds}, standardise(statistics_, first.data(), batch)),
            inputs.add(Shape{batch, horizon_, da}, actions), inputs.add(Shape{batch, horizon_, ds}, displacement)};
}

void Dynamics::update(int64_t k) {
    const DenoiserConfig& net = config_.network;
    const Rng stream = Rng(seed_).stream(name()).stream(static_cast<uint64_t>(k));
    Rng rng = stream.stream("rows");
    std::vector<int64_t> rows;
    for (int64_t b = 0; b < net.batch; ++b)
        rows.push_back(starts_[static_cast<size_t>(rng.below(static_cast<int64_t>(starts_.size())))]);
    const data::Dataset& d = *map_.data->dataset;
    nn::Step step = steps_.begin("", k);
    const Windows w = gather(step.inputs(), d, rows);
    // Rows [0, one_pass) see zeros at t = T: the one-pass form. The others are diffused.
    const int64_t one_pass = std::llround(config_.one_pass_share * static_cast<double>(net.batch));
    std::vector<int64_t> levels(static_cast<size_t>(net.batch), net.diffusion_steps);
    for (int64_t b = one_pass; b < net.batch; ++b) levels[static_cast<size_t>(b)] = 1 + rng.below(net.diffusion_steps);
    const diffusion::RowLevels all_levels = diffusion::row_levels(step.inputs(), schedule_, levels);
    const Tensor streams = step.streams(context_.chunks_of(net.batch), [&](int64_t chunk) {
        return stream.stream(static_cast<uint64_t>(chunk)).stream("noise");
    });

    auto body = [&](int64_t c, int64_t first, int64_t count) {
        const Tensor s0 = w.s0.rows(first, count), actions = w.actions.rows(first, count);
        const Tensor displacement = w.displacement.rows(first, count);
        const diffusion::RowLevels t = all_levels.rows(first, count);
        Tensor x = Tensor::zeros(context_.backend, DType::f32, displacement.shape());
        if (first + count > one_pass) {
            const Tensor noise = Tensor::normal(displacement.shape(), streams.rows(c, 1));
            const Tensor earlier = concat({Tensor::zeros(context_.backend, DType::f32, Shape{count, 1, d.state_dim}),
                                           slice(displacement, 1, 0, horizon_ - 1)},
                                          1);
            const Tensor clean = (displacement - earlier) / sigma_delta_;
            const Tensor noisy = add_noise(t, clean, noise);
            const int64_t zeros = std::clamp<int64_t>(one_pass - first, 0, count);
            x = concat({slice(x, 0, 0, zeros), slice(noisy, 0, zeros, count - zeros)}, 0);
        }
        const Tensor predicted = network_.online()(concat({x, actions, repeat_rows(s0, horizon_)}, 2), t.t, s0);
        return dynamics_loss(predicted, displacement, sigma_delta_, deviation_, net.batch);
    };
    network_.update(step, k, body);
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
    const std::vector<int64_t> all = window_starts(data, arrival, horizon_);
    const int64_t n = static_cast<int64_t>(all.size()), used = std::min(most_windows, n);
    std::vector<int64_t> starts;
    for (int64_t i = 0; i < used; ++i) starts.push_back(all[static_cast<size_t>(i * n / used)]);
    const int64_t ds = data.dataset->state_dim, kinds = 3, most_steps = horizon_;
    constexpr int64_t kPiece = 64;
    const int64_t pieces = (used + kPiece - 1) / kPiece;
    const bool sampled = config_.one_pass_share < 1;
    // Squared errors by piece, kind (one pass, sampled, persistence) and step, summed over windows and dimensions.
    std::vector<double> square(static_cast<size_t>(pieces * kinds * most_steps));
    context_.threads.run(pieces, [&](int64_t p) {
        const std::vector<int64_t> part(starts.begin() + p * kPiece, starts.begin() + std::min(used, (p + 1) * kPiece));
        nn::Inputs inputs(context_.backend);
        const Windows w = gather(inputs, *data.dataset, part);
        inputs.upload();
        const std::vector<float> truth = w.displacement.to_vector<float>();
        std::vector<float> guess[3] = {rollout(w.s0, w.actions, 1).to_vector<float>(), {}, {}};
        if (sampled)
            guess[1] = rollout(w.s0, w.actions, std::min(config_.final_steps, schedule_.steps())).to_vector<float>();
        guess[2].assign(truth.size(), 0.0f);
        for (int64_t kind = 0; kind < kinds; ++kind)
            for (size_t i = 0; i < guess[kind].size(); ++i) {
                const double e = double(guess[kind][i]) - double(truth[i]);
                const int64_t step = static_cast<int64_t>(i) / ds % most_steps;
                square[static_cast<size_t>((p * kinds + kind) * most_steps + step)] += e * e;
            }
    });
    OpenLoopError result;
    for (int64_t s : steps) {
        if (s < 1 || s > most_steps) continue;
        double sum[3] = {};
        for (int64_t p = 0; p < pieces; ++p)
            for (int64_t kind = 0; kind < kinds; ++kind)
                sum[kind] += square[static_cast<size_t>((p * kinds + kind) * most_steps + s - 1)];
        auto rms = [&](int64_t kind) {
            return std::sqrt(sum[kind] / static_cast<double>(std::max<int64_t>(1, used * ds)));
        };
        result.steps.push_back(s);
        result.one_pass.push_back(rms(0));
        if (sampled) result.sampled.push_back(rms(1));
        result.persistence.push_back(rms(2));
    }
    return result;
}

}  // namespace astro
