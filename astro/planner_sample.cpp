// Sampling bridges: denoising with rollout deviation feedback and guidance through the frozen dynamics.
#include <algorithm>
#include <cmath>

#include "astro/ensemble.h"
#include "astro/plan_descent.h"
#include "astro/planner.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

Tensor Planner::first_plan(nn::Inputs& inputs, const std::vector<StitchEnds>& ends, int64_t gap, int64_t level,
                           std::vector<Rng> streams) const {
    const int64_t batch = ssize(ends), u_count = unknown(gap), da = map_.data->dataset->action_dim;
    std::vector<float> plans(to_size(batch * u_count * da));
    for (int64_t i = 0; i < batch; ++i) nth(streams, i).fill_normal(plans.data() + i * u_count * da, u_count * da);
    const double signal = level < schedule_.steps() ? std::sqrt(nth(schedule_.alpha_bar, level)) : 0;
    const double noise = std::sqrt(1 - signal * signal) * config_.sampling.temperature;
    for (int64_t i = 0; i < batch; ++i) {
        const std::vector<float>& own = nth(ends, i).own_actions;
        for (int64_t j = 0; j < u_count * da; ++j) {
            float& x = nth(plans, i * u_count * da + j);
            x = static_cast<float>(noise * double(x) + (j < ssize(own) ? signal * double(nth(own, j)) : 0));
        }
    }
    return inputs.add(Shape{batch, u_count, da}, plans);
}

Tensor Planner::guide(const StitchContext& c, const Tensor& plans, int64_t steps) const {
    const SamplingConfig& sampling = config_.sampling;
    const size_t members = sampling.guidance_ensemble ? dynamics_.size() : 1;
    const auto seam = [&](const Tensor& plan) {  // |delta_0|^2 of each plan, the mean over the members
        std::vector<Tensor> each;
        for (size_t m = 0; m < members; ++m) {
            const Tensor delta = slice(deviation(c, plan, loop_steps_, m), 1, 0, 1);  // (B, 1, D)
            each.push_back(sum(square(delta).reshape(Shape{c.batch(), delta.dim(2)}), 1));
        }
        return mean_of(each);
    };
    return descend(seam, plans, sampling.descent, steps, sampling.guidance_move);
}

std::vector<int64_t> Planner::denoising_levels() const {
    const int64_t start = std::llround(config_.sampling.start_level * static_cast<double>(schedule_.steps()));
    if (start == 0) return {};
    return diffusion::sampler_levels(start, std::min(start, config_.denoising_steps));
}

std::vector<Bridge> Planner::sample_piece(const std::vector<StitchEnds>& ends, int64_t gap, std::vector<Rng> streams,
                                          const SamplingView& view) const {
    const int64_t batch = ssize(ends);
    Backend& b = context_.backend;
    nn::Inputs inputs(b);
    const StitchContext c = gather(inputs, ends, gap);
    const std::vector<int64_t> levels = denoising_levels();
    Tensor noisy = first_plan(inputs, ends, gap, levels.empty() ? 0 : levels.front(), std::move(streams));
    inputs.upload();
    Tensor guess = clamp(noisy, -1, 1);
    Feedback seen = no_feedback(batch, gap);

    for (size_t k = 0; k + 1 < levels.size(); ++k) {
        const Tensor t = Tensor::full(b, DType::i64, Shape{batch}, static_cast<double>(levels[k]));
        guess = clamp(estimate(network_.averaged(), c, noisy, t, seen), -1, 1);
        // As in training, the feedback is of the estimate before guidance.
        if (config_.feedback && view.feedback && levels[k + 1] > 0) seen = feedback(c, guess);
        if (view.guidance) guess = guide(c, guess, config_.sampling.guidance_steps);
        if (view.observe) view.observe(levels[k], noisy, guess);
        if (levels[k + 1] > 0) noisy = diffusion::ddim_step(schedule_, noisy, guess, levels[k], levels[k + 1]);
    }
    if (levels.empty() && view.observe) view.observe(0, noisy, guess);
    const int64_t last = view.final_guidance_steps;
    if (view.guidance) guess = guide(c, guess, last >= 0 ? last : config_.sampling.final_guidance_steps);
    return bridges_of(ends, gap, guess);
}

std::vector<Bridge> Planner::bridges_of(const std::vector<StitchEnds>& ends, int64_t gap, const Tensor& plans) const {
    const int64_t batch = ssize(ends), da = map_.data->dataset->action_dim;
    const std::vector<float> actions = slice(plans, 1, 0, gap + 1).to_vector<float>();
    std::vector<Bridge> bridges(to_size(batch));
    for (int64_t i = 0; i < batch; ++i)
        nth(bridges, i)
            .actions.assign(actions.begin() + i * (gap + 1) * da, actions.begin() + (i + 1) * (gap + 1) * da);
    roll_out(ends, gap, loop_steps_, 1, bridges);
    return bridges;
}

void Planner::roll_out(const std::vector<StitchEnds>& ends, int64_t gap, int64_t steps, size_t members,
                       std::vector<Bridge>& bridges) const {
    const int64_t batch = ssize(ends);
    const int64_t ds = map_.data->dataset->state_dim, da = map_.data->dataset->action_dim;
    std::vector<float> first, actions;
    for (size_t i = 0; i < ends.size(); ++i) {
        first.insert(first.end(), ends[i].source_states.end() - ds, ends[i].source_states.end());
        actions.insert(actions.end(), bridges[i].actions.begin(), bridges[i].actions.end());
    }
    const Tensor s0 = Tensor::from(context_.backend, Shape{batch, ds}, first);
    const Tensor plan = Tensor::from(context_.backend, Shape{batch, gap + 1, da}, actions);
    std::vector<std::vector<float>> arrived;
    for (size_t m = 0; m < members; ++m) arrived.push_back(dynamics_[m]->rollout(s0, plan, steps).to_vector<float>());
    for (int64_t i = 0; i < batch; ++i) {
        Bridge& bridge = nth(bridges, i);
        const StitchEnds& end = nth(ends, i);
        bridge.states.clear(), bridge.disagreement = 0;
        for (int64_t j = 0; j <= gap; ++j) {
            double mean_square = 0;  // of the members' distances from their mean, at this step
            for (int64_t x = 0; x < ds; ++x) {
                const auto at = to_size((i * (gap + 1) + j) * ds + x);
                double mean = 0;
                for (const std::vector<float>& by_member : arrived) mean += double(by_member[at]) / double(members);
                bridge.states.push_back(nth(first, i * ds + x) + static_cast<float>(mean));
                for (const std::vector<float>& by_member : arrived)
                    mean_square += scaled_square(double(by_member[at]), mean, nth(statistics_.sigma_delta, x)) /
                                   static_cast<double>(ds * static_cast<int64_t>(members));
            }
            bridge.disagreement = std::max(bridge.disagreement, std::sqrt(mean_square));
        }
        bridge.error = scaled_rms(end.target_states.data(), bridge.states.data() + gap * ds, statistics_.sigma_delta);
    }
}

// Pieces have a fixed number of pairs, because on a GPU the result of a product depends on its size. On a CPU it does
// not: every kernel computes each row alike and in the same order.
constexpr int64_t kPiece = 16;

std::vector<double> Planner::probe(const std::vector<StitchEnds>& ends, int64_t gap,
                                   const std::vector<Rng>& streams) const {
    ASTRO_CHECK(ends.size() == streams.size(), "Planner::probe: ", ends.size(), " ends, ", streams.size(), " streams");
    const int64_t wanted = ssize(ends);
    std::vector<double> errors(ends.size());
    SamplingView shorter;
    shorter.final_guidance_steps = std::min(config_.sampling.probe_steps, config_.sampling.final_guidance_steps);
    context_.threads.run((wanted + kPiece - 1) / kPiece, [&](int64_t p) {
        const auto first = p * kPiece, last = std::min(first + kPiece, wanted);
        const std::vector<StitchEnds> piece(ends.begin() + first, ends.begin() + last);
        std::vector<Bridge> bridges =
            sample_piece(piece, gap, {streams.begin() + first, streams.begin() + last}, shorter);
        if (dynamics_.size() > 1) roll_out(piece, gap, loop_steps_, dynamics_.size(), bridges);
        for (int64_t i = first; i < last; ++i) nth(errors, i) = nth(bridges, i - first).error;
    });
    return errors;
}

std::vector<std::vector<Bridge>> Planner::sample(const std::vector<StitchEnds>& ends, int64_t gap, int64_t candidates,
                                                 const std::vector<Rng>& streams) const {
    ASTRO_CHECK(ends.size() == streams.size(), "Planner::sample: ", ends.size(), " ends, ", streams.size(), " streams");
    const int64_t wanted = ssize(ends);
    std::vector<std::vector<Bridge>> result(ends.size());
    const auto by_error = [](const Bridge& a, const Bridge& b) { return a.error < b.error; };
    context_.threads.run((wanted + kPiece - 1) / kPiece, [&](int64_t p) {
        const int64_t first = p * kPiece, count = std::min(kPiece, wanted - first);
        std::vector<StitchEnds> piece;
        std::vector<Rng> noise;
        for (int64_t i = first; i < first + count; ++i)
            for (int64_t k = 0; k < candidates; ++k) {
                piece.push_back(nth(ends, i));
                noise.push_back(nth(streams, i).stream(static_cast<uint64_t>(k)));
            }
        const std::vector<Bridge> bridges = sample_piece(piece, gap, noise, {});
        auto own = [&](int64_t i) -> std::vector<Bridge>& { return nth(result, first + i); };
        for (int64_t i = 0; i < count; ++i) {
            own(i).assign(bridges.begin() + i * candidates, bridges.begin() + (i + 1) * candidates);
            std::stable_sort(own(i).begin(), own(i).end(), by_error);
        }
        if (last_steps() == loop_steps_ && dynamics_.size() == 1) return;
        // Every member computes the final rollout only for the best two candidates (docs/method.md 8.7), for all pairs
        // of the piece together.
        const int64_t kept = std::min<int64_t>(2, candidates);
        std::vector<StitchEnds> kept_ends;
        std::vector<Bridge> best;
        for (int64_t i = 0; i < count; ++i) {
            kept_ends.insert(kept_ends.end(), to_size(kept), nth(ends, first + i));
            best.insert(best.end(), own(i).begin(), own(i).begin() + kept);
        }
        roll_out(kept_ends, gap, best);
        for (int64_t i = 0; i < count; ++i) {
            own(i).assign(best.begin() + i * kept, best.begin() + (i + 1) * kept);
            std::stable_sort(own(i).begin(), own(i).end(), by_error);
        }
    });
    return result;
}

std::vector<std::vector<Bridge>> Planner::watch(const std::vector<StitchEnds>& ends, int64_t gap,
                                                const std::vector<Rng>& streams, bool feedback, bool guidance) const {
    std::vector<std::vector<Bridge>> seen;
    SamplingView view{feedback, guidance};
    view.observe = [&](int64_t level, const Tensor& noisy, const Tensor& estimate) {
        if (seen.empty()) seen.push_back(bridges_of(ends, gap, clamp(noisy, -1, 1)));
        if (level > 0) seen.push_back(bridges_of(ends, gap, estimate));
    };
    seen.push_back(sample_piece(ends, gap, streams, view));
    return seen;
}

std::vector<StitchEnds> Planner::window_ends(const Trajectories& data, const TemporalDistance& encoder,
                                             const std::vector<int64_t>& arrival, int64_t limit) const {
    const int64_t l = config_.context, gap = config_.gap;
    std::vector<StitchEnds> ends;
    for (int64_t start : spread_evenly(window_starts(data, arrival, 2 * l + gap - 1, l + gap), limit)) {
        const data::Dataset& d = *data.dataset;
        const int64_t s0 = start + l - 1, g0 = s0 + gap + 1;
        const std::vector<float> a = encoder.embed(d.observation(s0), 1), b = encoder.embed(d.observation(g0), 1);
        ends.push_back(window_ends_at(d, start, gap));
        ends.back().steps = map_.calibration.steps(map_.steps(a.data(), b.data()));
    }
    return ends;
}

}  // namespace astro::method
