// The stitch planner: a diffusion transformer over actions that reads the rollout deviation at every denoising step
// after the first [paper: structure; tokens, units, guidance, weights: ours, docs/method.md 2, 8].
//
// A window is l source states s_{-l+1..0}, M masked states, l target states g_0 = s_{M+1}, ..., g_{l-1}. The M + 1
// actions a_0..a_M of the gap are unknown (or M + l, including the target context). One token per state:
//   [(s - s_0)/sigma_W where known | known? | action noisy? | action leaving the state | delta | feedback?]
// delta_j = (g_j - s^_{M+1+j}) / (2 sigma_delta), for the target states that the unknown actions reach. s^ is the
// rollout of the previous estimate of the actions by the frozen dynamics.
#pragma once

#include <functional>

#include "astro/bridge.h"
#include "astro/dynamics.h"
#include "astro/trained_network.h"
#include "diffusion/sampler.h"

namespace astro::method {

// A batch of windows, without the unknown actions and the deviation.
struct StitchContext {
    int64_t gap = 0;       // M' of this batch, at most M
    Tensor states;         // (B, 2l + M', D): (s - s_0) / sigma_W, zeros in the gap
    Tensor before, after;  // (B, l - 1, A), (B, rest, A): known actions on both sides of the unknown ones
    Tensor s0;             // (B, D)
    Tensor target;         // (B, F, D): g_j - s_0 for the F target states that have a deviation
    Tensor reach;          // (B, 1): n_cal / (M + 1)
    Tensor marks;          // (2l + M', 2) of each token: state known, action noisy
    Tensor segment;        // i64 (2l + M'): source, gap, target

    int64_t batch() const { return states.dim(0); }
    StitchContext rows(int64_t first, int64_t count) const;
};

// The chunk's share of mean |u^ - u|^2 + mean w delta^2. Estimate u^ and actions u (n, U, A); deviation delta (n, F,
// D); row_weight w (n): lambda_0 alpha_bar_t.
Tensor planner_loss(const nn::Chunk& chunk, const Tensor& estimate, const Tensor& actions, const Tensor& deviation,
                    const Tensor& row_weight);

// For probes and for pictures of how a plan is made: parts of sampling that can be left out or shortened, and what the
// sampler holds at each noise level t > 0, or once at 0 if there is no denoising: the noisy plans and the estimate of
// the clean ones after guidance, each (B, U, A).
struct SamplingView {
    bool feedback = true, guidance = true;
    std::function<void(int64_t t, const Tensor& noisy, const Tensor& estimate)> observe = {};
    int64_t final_guidance_steps = -1;  // -1: those of the settings
};

class Planner : public TrainableModel, public BridgeMaker {
  public:
    Planner(const Context& context, const PlannerConfig& config, const TemporalMap& map, const Statistics& statistics,
            const std::vector<const Dynamics*>& dynamics, const DynamicsConfig& dynamics_config, uint64_t seed);

    std::string name() const override { return "planner"; }
    int64_t updates() const override { return config_.network.updates; }
    void update(int64_t k) override;
    TrainingState state() override { return network_.state(); }

    int64_t context() const override { return config_.context; }
    // With a sampled dynamics model or several members only the best two are returned, which get the final rollout.
    std::vector<std::vector<Bridge>> sample(const std::vector<StitchEnds>& ends, int64_t gap, int64_t candidates,
                                            const std::vector<Rng>& streams) const override;
    // With sampling.probe_steps instead of final_guidance_steps, if these are fewer.
    std::vector<double> probe(const std::vector<StitchEnds>& ends, int64_t gap,
                              const std::vector<Rng>& streams) const override;

    // One plan for each pair of ends, from the noise of streams[i], with a look at every noise level.
    std::vector<Bridge> sample_piece(const std::vector<StitchEnds>& ends, int64_t gap, std::vector<Rng> streams,
                                     const SamplingView& view = {}) const;
    // The same as bridges with rollout and arrival error: result[k][i] is the plan of pair i at the start (k = 0),
    // after denoising step k, and last after the final guidance.
    std::vector<std::vector<Bridge>> watch(const std::vector<StitchEnds>& ends, int64_t gap,
                                           const std::vector<Rng>& streams, bool feedback, bool guidance) const;
    // The noise levels of denoising, from that of the first plan to 0; none if sampling.start_level is 0.
    std::vector<int64_t> denoising_levels() const;

    // Ends of held-out windows of one episode each, whose true bridge is known. They serve to validate arrival errors.
    std::vector<StitchEnds> window_ends(const Trajectories& data, const TemporalDistance& encoder,
                                        const std::vector<int64_t>& arrival, int64_t limit) const;

    // Computes the results of each bridge's actions (M' + 1, A), as those of sampled bridges.
    void roll_out(const std::vector<StitchEnds>& ends, int64_t gap, std::vector<Bridge>& bridges) const {
        roll_out(ends, gap, last_steps(), dynamics_.size(), bridges);
    }

    int64_t unknown(int64_t gap) const;                                         // U
    int64_t deviation_states(int64_t gap) const { return unknown(gap) - gap; }  // F: target states with a deviation
    const PlannerConfig& config() const { return config_; }

  private:
    // Inputs of a training step, on the device.
    struct Minibatch {
        StitchContext context;
        Tensor actions, row_weight;           // (B, U, A), (B): u and lambda_0 alpha_bar_t
        diffusion::RowLevels level, noisier;  // t, and min(t + T/N, T) for the feedback's estimate
        Tensor streams;                       // one row per chunk, for its noise
    };
    // Feedback from the rollout: delta (n, F, D), and a flag (n, 1), 1 if delta is given.
    struct Feedback {
        Tensor deviation, flag;
        Feedback rows(int64_t first, int64_t count) const {
            return {deviation.rows(first, count), flag.rows(first, count)};
        }
    };
    static Feedback concat_rows(const Feedback& a, const Feedback& b) {
        return {concat({a.deviation, b.deviation}, 0), concat({a.flag, b.flag}, 0)};
    }
    int64_t draw_gap(Rng& rng) const;
    Minibatch draw(nn::Step& step, int64_t gap, Rng& rng, const Rng& noise) const;
    Tensor loss(const nn::Chunk& chunk, const Minibatch& batch) const;
    Feedback self_conditioning(const nn::Chunk& chunk, const Minibatch& batch, const Tensor& noise) const;
    Feedback feedback(const StitchContext& context, const Tensor& actions) const;  // of actions (n, U, A), clipped
    Feedback no_feedback(int64_t rows, int64_t gap) const;
    StitchEnds window_ends_at(const data::Dataset& data, int64_t start, int64_t gap) const;
    StitchContext gather(nn::Inputs& inputs, const std::vector<StitchEnds>& ends, int64_t gap) const;
    Tensor estimate(const diffusion::Denoiser& net, const StitchContext& context, const Tensor& noisy, const Tensor& t,
                    const Feedback& seen) const;
    // delta (B, F, D), in 2 sigma_delta, of the rollout of actions (B, U, A) by a member in `steps` denoising steps.
    Tensor deviation(const StitchContext& context, const Tensor& actions, int64_t steps, size_t member = 0) const;
    // The plans at which denoising starts, (B, U, A): the sources' own actions with noise of that level.
    Tensor first_plan(nn::Inputs& inputs, const std::vector<StitchEnds>& ends, int64_t gap, int64_t level,
                      std::vector<Rng> streams) const;
    // Moves plans (B, U, A) to reduce the deviation at the seam, through the frozen dynamics.
    Tensor guide(const StitchContext& context, const Tensor& plans, int64_t steps) const;
    // The first M' + 1 actions of plans (B, U, A), and their rollouts by the first member as inside the loop.
    std::vector<Bridge> bridges_of(const std::vector<StitchEnds>& ends, int64_t gap, const Tensor& plans) const;
    // Denoising steps of the final rollout.
    int64_t last_steps() const {
        return dynamics_config_.form == DynamicsForm::sampled ? dynamics_config_.final_steps : 1;
    }
    // Computes the results of each bridge's actions by so many members: the mean of their states, its arrival error,
    // and their disagreement.
    void roll_out(const std::vector<StitchEnds>& ends, int64_t gap, int64_t steps, size_t members,
                  std::vector<Bridge>& bridges) const;

    PlannerConfig config_;
    const TemporalMap& map_;
    const Statistics& statistics_;
    std::vector<const Dynamics*> dynamics_;
    DynamicsConfig dynamics_config_;
    uint64_t seed_;
    diffusion::NoiseSchedule schedule_;
    TrainedNetwork<diffusion::Denoiser> network_;
    std::vector<int64_t> starts_;  // first rows of training windows
    int64_t loop_steps_;           // denoising steps of a rollout inside the loop
    Tensor two_sigma_delta_;       // (D)
};

}  // namespace astro::method
