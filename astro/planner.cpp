#include "astro/planner.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

diffusion::DenoiserSpec spec_of(const PlannerConfig& config, const data::Dataset& d) {
    diffusion::DenoiserSpec spec;
    spec.tokens = config.window();
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

Tensor planner_loss(const nn::Chunk& chunk, const Tensor& estimate, const Tensor& actions, const Tensor& deviation,
                    const Tensor& row_weight) {
    const Tensor weight = row_weight.reshape(Shape{chunk.count, 1, 1});
    return chunk.mean(square(estimate - actions)) + chunk.mean(square(deviation) * weight);
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
      network_(context, config.network,
               make_denoiser(context, config.network, spec_of(config, *map.data->dataset),
                             Rng(seed).stream("planner/init"))),
      loop_steps_(dynamics_config.form == DynamicsForm::sampled ? dynamics_config.loop_steps : 1) {
    two_sigma_delta_ = dynamics[0]->sigma_delta() * 2;

    // A window lies in one segment, and its gap ends before arrival.
    const int64_t to_target = config.context + config.gap, last = config.window() - 1;
    starts_ = window_starts(*map.data, map.arrival, last, to_target);
    if (starts_.empty())
        fail(ErrorKind::data, "planner: no episode travels for ", to_target, " steps and has ", last, " more",
             kTravelHint);
}

int64_t Planner::unknown(int64_t gap) const {
    return config_.unknown == UnknownActions::gap ? gap + 1 : gap + config_.context;
}

StitchContext Planner::gather(nn::Inputs& inputs, const std::vector<StitchEnds>& ends, int64_t gap) const {
    const int64_t batch = ssize(ends), l = config_.context;
    const int64_t ds = map_.data->dataset->state_dim, da = map_.data->dataset->action_dim;
    const int64_t known_after = l - deviation_states(gap);  // target actions that are not denoised: l - 1, or none
    std::vector<float> states, before, after, first, target, reach;
    for (const StitchEnds& end : ends) {
        const float* s0 = end.source_states.data() + (l - 1) * ds;
        auto relative = [&](const std::vector<float>& rows) {
            for (int64_t j = 0; j < l; ++j)
                for (int64_t i = 0; i < ds; ++i)
                    states.push_back((nth(rows, j * ds + i) - s0[i]) /
                                     static_cast<float>(nth(statistics_.sigma_window, i)));
        };
        relative(end.source_states);
        states.insert(states.end(), to_size(gap * ds), 0.0f);
        relative(end.target_states);
        before.insert(before.end(), end.source_actions.begin(), end.source_actions.end());
        after.insert(after.end(), end.target_actions.end() - known_after * da, end.target_actions.end());
        first.insert(first.end(), s0, s0 + ds);
        for (int64_t j = 0; j < deviation_states(gap); ++j)
            for (int64_t i = 0; i < ds; ++i) target.push_back(nth(end.target_states, j * ds + i) - s0[i]);
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
            inputs.add(Shape{batch, ds}, first),
            inputs.add(Shape{batch, deviation_states(gap), ds}, target),
            inputs.add(Shape{batch, 1}, reach),
            inputs.add(Shape{tokens, 2}, marks),
            inputs.add(Shape{tokens}, segment)};
}

Tensor Planner::estimate(const diffusion::Denoiser& net, const StitchContext& c, const Tensor& noisy, const Tensor& t,
                         const Feedback& seen) const {
    const int64_t batch = c.batch(), l = config_.context, tokens = 2 * l + c.gap, u = unknown(c.gap);
    const int64_t ds = c.s0.dim(1), da = noisy.dim(2), f = deviation_states(c.gap);
    const auto& [delta, flag] = seen;
    Backend& b = context_.backend;
    auto zeros = [&](int64_t rows, int64_t width) { return Tensor::zeros(b, DType::f32, Shape{batch, rows, width}); };
    const Tensor mark = zeros(tokens, 2) + c.marks;
    const Tensor action = concat({c.before, noisy, c.after, zeros(1, da)}, 1);         // (B, W, A)
    const Tensor placed = concat({zeros(l + c.gap, ds), delta, zeros(l - f, ds)}, 1);  // (B, W, D)
    const Tensor fed = repeat_rows(flag, tokens);                                      // (B, W, 1)
    const Tensor gap_share =
        Tensor::full(b, DType::f32, Shape{batch, 1}, static_cast<double>(c.gap) / static_cast<double>(config_.gap));
    const Tensor first_delta = slice(delta, 1, 0, 1).reshape(Shape{batch, ds});
    const Tensor condition = concat({c.s0, c.reach, gap_share, first_delta, flag}, 1);
    const Tensor out = net(concat({c.states, mark, action, placed, fed}, 2), t, condition, c.segment);
    return slice(out, 1, l - 1, u);
}

// The rollout deviation delta_j (docs/method.md 8.2), in units of 2 sigma_delta of each dimension. Target and rollout
// are both relative to the source state s_0, which cancels.
Tensor Planner::deviation(const StitchContext& c, const Tensor& actions, int64_t steps, size_t member) const {
    const Tensor states = dynamics_[member]->rollout(c.s0, actions, steps);   // (B, U, D)
    const Tensor arrived = slice(states, 1, c.gap, deviation_states(c.gap));  // (B, F, D)
    return (c.target - arrived) / two_sigma_delta_;
}

// u^ = network(context, u_t, t, feedback). Loss |u^ - u|^2 + lambda_0 alpha_bar_t delta(u^)^2; the gradient of the
// second term passes through the frozen dynamics.
Tensor Planner::loss(const nn::Chunk& chunk, const Minibatch& batch) const {
    const StitchContext c = chunk.rows(batch.context);
    const Tensor u = chunk.rows(batch.actions);  // (n, U, A)
    const Tensor noise = chunk.normal(batch.streams, u.shape());
    const diffusion::RowLevels t = chunk.rows(batch.level);
    const Feedback seen = self_conditioning(chunk, batch, noise);
    const Tensor guess = estimate(network_.online(), c, add_noise(t, u, noise), t.t, seen);
    if (config_.joint_weight <= 0) return chunk.mean(square(guess - u));
    const Tensor delta = deviation(c, clamp_through(guess, -1, 1), loop_steps_);  // (n, F, D)
    return planner_loss(chunk, guess, u, delta, chunk.rows(batch.row_weight));
}

// Half of the batch's rows read the deviation of an estimate from the next noisier level, with the same noise. The
// others read no feedback.
Planner::Feedback Planner::self_conditioning(const nn::Chunk& chunk, const Minibatch& batch,
                                             const Tensor& noise) const {
    const nn::Chunk half = chunk.half();
    const Feedback none = no_feedback(chunk.count, batch.context.gap);
    if (half.count == 0 || !config_.feedback || !config_.self_conditioning) return none;
    NoTape off;
    const StitchContext c = half.rows(batch.context);
    const diffusion::RowLevels t = half.rows(batch.noisier);
    const Tensor noisy = add_noise(t, half.rows(batch.actions), noise.rows(0, half.count));
    const Tensor guess = clamp(estimate(network_.online(), c, noisy, t.t, none.rows(0, half.count)), -1, 1);
    return concat_rows(feedback(c, guess), none.rows(half.count, chunk.count - half.count));
}

Planner::Feedback Planner::feedback(const StitchContext& c, const Tensor& actions) const {
    const Tensor delta = clamp(deviation(c, actions, loop_steps_), -config_.feedback_clip, config_.feedback_clip);
    return {delta, Tensor::full(context_.backend, DType::f32, Shape{c.batch(), 1}, 1)};
}

Planner::Feedback Planner::no_feedback(int64_t rows, int64_t gap) const {
    const int64_t ds = map_.data->dataset->state_dim;
    return {Tensor::zeros(context_.backend, DType::f32, Shape{rows, deviation_states(gap), ds}),
            Tensor::zeros(context_.backend, DType::f32, Shape{rows, 1})};
}

void Planner::update(int64_t k) {
    const Rng stream = Rng(seed_).stream("planner").stream(static_cast<uint64_t>(k));
    Rng rng = stream.stream("rows");
    const int64_t gap = draw_gap(rng);
    // The operations of a step depend on the gap, so each length is a separate kind of step.
    nn::Step step = steps_.begin(text("gap of ", gap), k);
    const Minibatch batch = draw(step, gap, rng, stream.stream("noise"));
    network_.train_step(step, k, config_.network.batch, [&](const nn::Chunk& chunk) { return loss(chunk, batch); });
}

// The window that begins at row `start`: l source states, the gap, l target states. Its length in steps is not set.
StitchEnds Planner::window_ends_at(const data::Dataset& d, int64_t start, int64_t gap) const {
    return recorded_ends(d, start, d, start + config_.context + gap, config_.context);
}

int64_t Planner::draw_gap(Rng& rng) const {
    return config_.random_gap ? std::max<int64_t>(1, config_.gap * (2 + rng.below(3)) / 4) : config_.gap;
}

Planner::Minibatch Planner::draw(nn::Step& step, int64_t gap, Rng& rng, const Rng& noise) const {
    const DenoiserConfig& net = config_.network;
    const data::Dataset& d = *map_.data->dataset;
    const int64_t l = config_.context, da = d.action_dim;
    const int64_t ahead = std::max<int64_t>(1, net.diffusion_steps / config_.denoising_steps);  // T/N
    std::vector<StitchEnds> ends;
    std::vector<float> actions, weights;
    std::vector<int64_t> levels, noisier;
    for (int64_t b = 0; b < net.batch; ++b) {
        const int64_t start = nth(starts_, rng.below(ssize(starts_)));
        const int64_t s0 = start + l - 1;
        ends.push_back(window_ends_at(d, start, gap));
        ends.back().steps = map_.calibration.steps(map_.steps(s0, s0 + gap + 1));
        actions.insert(actions.end(), d.action(s0), d.action(s0) + unknown(gap) * da);
        const int64_t level = 1 + rng.below(net.diffusion_steps);
        levels.push_back(level), noisier.push_back(std::min(level + ahead, net.diffusion_steps));
        weights.push_back(static_cast<float>(config_.joint_weight * nth(schedule_.alpha_bar, level)));
    }
    Minibatch batch;
    batch.context = gather(step.inputs(), ends, gap);
    batch.actions = step.input(Shape{net.batch, unknown(gap), da}, actions);
    batch.row_weight = step.input(Shape{net.batch}, weights);
    batch.level = diffusion::row_levels(step.inputs(), schedule_, levels);
    batch.noisier = diffusion::row_levels(step.inputs(), schedule_, noisier);
    batch.streams = context_.cut(net.batch).streams(step, noise);
    return batch;
}

}  // namespace astro::method
