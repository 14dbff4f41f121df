#include "astro/planner.h"

#include <algorithm>
#include <cmath>

namespace astro {

namespace {

Tensor to_tensor(Backend& backend, const std::vector<double>& values, double scale) {
    std::vector<float> out;
    for (double v : values) out.push_back(static_cast<float>(v * scale));
    return Tensor::from(backend, Shape{static_cast<int64_t>(out.size())}, out);
}

diffusion::DenoiserSpec spec_of(const PlannerConfig& config, const data::Dataset& d) {
    diffusion::DenoiserSpec spec;
    spec.tokens = 2 * config.context + config.gap;
    spec.token_width = 2 * d.state_dim + d.action_dim + 3;
    spec.condition_width = 2 * d.state_dim + 3;
    spec.out_width = d.action_dim;
    spec.segments = 3;
    return spec;
}

}  // namespace

StitchContext StitchContext::rows(int64_t first, int64_t count) const {
    return {gap,
            states.rows(first, count),
            before.rows(first, count),
            after.rows(first, count),
            s0.rows(first, count),
            target.rows(first, count),
            reach.rows(first, count),
            marks,
            segment};
}

Tensor planner_loss(const Tensor& estimate, const Tensor& actions, const Tensor& deviation, const Tensor& row_weight,
                    int64_t count) {
    const double each_action = 1.0 / static_cast<double>(count * actions.dim(1) * actions.dim(2));
    const double each_state = 1.0 / static_cast<double>(count * deviation.dim(1) * deviation.dim(2));
    const Tensor weight = row_weight.reshape(Shape{row_weight.dim(0), 1, 1});
    return sum(square(estimate - actions)) * each_action + sum(square(deviation) * weight) * each_state;
}

Planner::Planner(const Context& context, const PlannerConfig& config, const TemporalMap& map,
                 const Statistics& statistics, const std::vector<const Dynamics*>& dynamics,
                 const DynamicsConfig& dynamics_config, uint64_t seed)
    : TrainableModel(context),
      config_(config),
      map_(map),
      statistics_(statistics),
      dynamics_(dynamics),
      dynamics_config_(dynamics_config),
      seed_(seed),
      schedule_(make_schedule(config.network)),
      network_(context, config.network, spec_of(config, *map.data->dataset), Rng(seed).stream("planner/init")),
      loop_steps_(dynamics_config.form == DynamicsForm::one_pass ? 1 : dynamics_config.loop_steps) {
    two_sigma_ = to_tensor(context.backend, statistics.sigma_delta, 2);
    sigma_window_ = to_tensor(context.backend, statistics.sigma_window, 1);

    // Windows lie in one segment and their gap ends before arrival.
    const Trajectories& data = *map.data;
    const int64_t to_target = config.context + config.gap, last = 2 * config.context + config.gap - 1;
    for (int64_t k = 0; k < data.count(); ++k)
        for (int64_t t = data.begin(k);
             t + last <= data.last(k) && t + to_target <= map.arrival[static_cast<size_t>(k)]; ++t)
            starts_.push_back(t);
    if (starts_.empty())
        fail(ErrorKind::data, "planner: no episode travels for ", to_target, " steps and has ", last,
             " more; hint: a shorter planner.gap or planner.context");
}

int64_t Planner::unknown(int64_t gap) const {
    return config_.unknown == UnknownActions::gap ? gap + 1 : gap + config_.context;
}

StitchContext Planner::gather(nn::Inputs& inputs, const std::vector<StitchEnds>& ends, int64_t gap) const {
    const int64_t batch = static_cast<int64_t>(ends.size()), l = config_.context;
    const int64_t ds = map_.data->dataset->state_dim, da = map_.data->dataset->action_dim;
    const int64_t known_after = l - reached(gap);  // target actions that are not denoised: l - 1 of them, or none
    std::vector<float> states, before, after, first, target, reach;
    for (const StitchEnds& end : ends) {
        const float* s0 = end.source_states.data() + (l - 1) * ds;
        auto relative = [&](const std::vector<float>& rows) {
            for (int64_t j = 0; j < l; ++j)
                for (int64_t i = 0; i < ds; ++i)
                    states.push_back((rows[static_cast<size_t>(j * ds + i)] - s0[i]) /
                                     static_cast<float>(statistics_.sigma_window[static_cast<size_t>(i)]));
        };
        relative(end.source_states);
        states.insert(states.end(), static_cast<size_t>(gap * ds), 0.0f);
        relative(end.target_states);
        before.insert(before.end(), end.source_actions.begin(), end.source_actions.end());
        after.insert(after.end(), end.target_actions.end() - known_after * da, end.target_actions.end());
        first.insert(first.end(), s0, s0 + ds);
        for (int64_t j = 0; j < reached(gap); ++j)
            for (int64_t i = 0; i < ds; ++i)
                target.push_back(end.target_states[static_cast<size_t>(j * ds + i)] - s0[i]);
        reach.push_back(static_cast<float>(end.steps / static_cast<double>(config_.gap + 1)));
    }
    std::vector<float> marks;
    std::vector<int64_t> segment;
    const int64_t tokens = 2 * l + gap;
    for (int64_t p = 0; p < tokens; ++p) {
        const bool in_gap = p >= l && p < l + gap;
        marks.push_back(in_gap ? 0.0f : 1.0f);
        marks.push_back(p >= l - 1 && p < l - 1 + unknown(gap) ? 1.0f : 0.0f);
        segment.push_back(p < l ? 0 : (in_gap ? 1 : 2));
    }
    return {gap,
            inputs.add(Shape{batch, tokens, ds}, states),
            inputs.add(Shape{batch, l - 1, da}, before),
            inputs.add(Shape{batch, known_after, da}, after),
            inputs.add(Shape{batch, ds}, standardise(statistics_, first.data(), batch)),
            inputs.add(Shape{batch, reached(gap), ds}, target),
            inputs.add(Shape{batch, 1}, reach),
            inputs.add(Shape{tokens, 2}, marks),
            inputs.add(Shape{tokens}, segment)};
}

Tensor Planner::estimate(const diffusion::Denoiser& net, const StitchContext& c, const Tensor& noisy, const Tensor& t,
                         const Tensor& delta, const Tensor& flag) const {
    const int64_t batch = c.batch(), l = config_.context, tokens = 2 * l + c.gap, u = unknown(c.gap);
    const int64_t ds = c.s0.dim(1), da = noisy.dim(2), f = reached(c.gap);
    Backend& b = context_.backend;
    auto zeros = [&](int64_t rows, int64_t width) { return Tensor::zeros(b, DType::f32, Shape{batch, rows, width}); };
    const Tensor mark = zeros(tokens, 2) + c.marks;
    const Tensor action = concat({c.before, noisy, c.after, zeros(1, da)}, 1);          // (B, W, A)
    const Tensor placed = concat({zeros(l + c.gap, ds), delta, zeros(l - f, ds)}, 1);  // (B, W, D)
    const Tensor fed = repeat_rows(flag, tokens);                                       // (B, W, 1)
    const Tensor gap_share =
        Tensor::full(b, DType::f32, Shape{batch, 1}, static_cast<double>(c.gap) / static_cast<double>(config_.gap));
    const Tensor first_delta = slice(delta, 1, 0, 1).reshape(Shape{batch, ds});
    const Tensor condition = concat({c.s0, c.reach, gap_share, first_delta, flag}, 1);
    const Tensor out = net(concat({c.states, mark, action, placed, fed}, 2), t, condition, c.segment);
    return slice(out, 1, l - 1, u);
}

Tensor Planner::deviation(const StitchContext& c, const Tensor& actions, int64_t steps) const {
    const Tensor arrived = slice(dynamics_[0]->rollout(c.s0, actions, steps), 1, c.gap, reached(c.gap));
    return (c.target - arrived) / two_sigma_;  // (B, F, D)
}

void Planner::update(int64_t k) {
    const DenoiserConfig& net = config_.network;
    const Rng stream = Rng(seed_).stream("planner").stream(static_cast<uint64_t>(k));
    Rng rng = stream.stream("rows");
    const data::Dataset& d = *map_.data->dataset;
    const int64_t l = config_.context, ds = d.state_dim, da = d.action_dim;
    int64_t gap = config_.gap;
    if (config_.random_gap) gap = std::max<int64_t>(1, gap * (2 + rng.below(3)) / 4);
    std::vector<StitchEnds> ends;
    std::vector<float> truth;  // the unknown actions
    std::vector<int64_t> levels;
    std::vector<float> weights;
    for (int64_t b = 0; b < net.batch; ++b) {
        const int64_t start = starts_[static_cast<size_t>(rng.below(static_cast<int64_t>(starts_.size())))];
        const int64_t s0 = start + l - 1, g0 = s0 + gap + 1;
        StitchEnds end;
        end.source_states.assign(d.observation(start), d.observation(start) + l * ds);
        end.source_actions.assign(d.action(start), d.action(start) + (l - 1) * da);
        end.target_states.assign(d.observation(g0), d.observation(g0) + l * ds);
        end.target_actions.assign(d.action(g0), d.action(g0) + (l - 1) * da);
        end.steps = map_.calibration.steps(map_.steps(s0, g0));
        ends.push_back(std::move(end));
        truth.insert(truth.end(), d.action(s0), d.action(s0) + unknown(gap) * da);
        levels.push_back(1 + rng.below(net.diffusion_steps));
        weights.push_back(
            static_cast<float>(config_.joint_weight * schedule_.alpha_bar[static_cast<size_t>(levels.back())]));
    }
    nn::Step step = steps_.begin(text("gap of ", gap), k);
    const StitchContext all = gather(step.inputs(), ends, gap);
    const Tensor actions = step.input(Shape{net.batch, unknown(gap), da}, truth);
    const Tensor row_weight = step.input(Shape{net.batch}, weights);
    const int64_t ahead = std::max<int64_t>(1, net.diffusion_steps / config_.denoising_steps);  // T/N
    std::vector<int64_t> before;
    for (int64_t level : levels) before.push_back(std::min(level + ahead, net.diffusion_steps));
    const diffusion::RowLevels now = diffusion::row_levels(step.inputs(), schedule_, levels),
                               earlier = diffusion::row_levels(step.inputs(), schedule_, before);
    const Tensor streams = step.streams(context_.chunks_of(net.batch), [&](int64_t chunk) {
        return stream.stream("noise").stream(static_cast<uint64_t>(chunk));
    });

    auto body = [&](int64_t chunk, int64_t first, int64_t count) {
        const StitchContext c = all.rows(first, count);
        const Tensor u = actions.rows(first, count);
        const Tensor noise = Tensor::normal(u.shape(), streams.rows(chunk, 1));
        const diffusion::RowLevels t = now.rows(first, count);
        Tensor delta = Tensor::zeros(context_.backend, DType::f32, Shape{count, reached(gap), ds});
        Tensor flag = Tensor::zeros(context_.backend, DType::f32, Shape{count, 1});
        // Half of the batch, to the row, however it is cut: the chunk's share of the first halves.
        const int64_t half = config_.feedback && config_.self_conditioning ? (first + count) / 2 - first / 2 : 0;
        if (half > 0) {  // these rows see the deviation of an estimate from the level before, with the same noise
            NoTape off;
            const StitchContext part = c.rows(0, half);
            const diffusion::RowLevels t_before = earlier.rows(first, half);
            const Tensor noisy = add_noise(t_before, u.rows(0, half), noise.rows(0, half));
            const Tensor guess = clamp(
                estimate(network_.online(), part, noisy, t_before.t, delta.rows(0, half), flag.rows(0, half)), -1, 1);
            const Tensor seen =
                clamp(deviation(part, guess, loop_steps_), -config_.feedback_clip, config_.feedback_clip);
            delta = concat({seen, delta.rows(half, count - half)}, 0);
            flag = concat(
                {Tensor::full(context_.backend, DType::f32, Shape{half, 1}, 1), flag.rows(half, count - half)}, 0);
        }
        const Tensor guess = estimate(network_.online(), c, add_noise(t, u, noise), t.t, delta, flag);
        if (config_.joint_weight <= 0)
            return sum(square(guess - u)) * (1.0 / static_cast<double>(net.batch * u.dim(1) * u.dim(2)));
        const Tensor miss = deviation(c, clamp_through(guess, -1, 1), loop_steps_);
        return planner_loss(guess, u, miss, row_weight.rows(first, count), net.batch);
    };
    network_.update(step, k, body);
}

}  // namespace astro
