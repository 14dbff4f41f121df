#include "astro/dynamics.h"

#include <algorithm>
#include <cmath>

#include "astro/dynamics_recurrent.h"
#include "astro/dynamics_transformer.h"
#include "astro/measure/open_loop.h"
#include "tensor/base/rows.h"

namespace astro::method {

std::unique_ptr<Dynamics> make_dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon,
                                        const TemporalMap& map, const Statistics& statistics, uint64_t seed,
                                        int64_t member) {
    if (config.form == DynamicsForm::recurrent)
        return std::make_unique<DynamicsRecurrent>(context, config, horizon, map, statistics, seed, member);
    return std::make_unique<DynamicsTransformer>(context, config, horizon, map, statistics, seed, member);
}

std::string Dynamics::name_of(int64_t member) { return member ? text("dynamics", member) : "dynamics"; }

Dynamics::Dynamics(const Context& context, const DynamicsConfig& config, int64_t horizon, const TemporalMap& map,
                   const Statistics& statistics, uint64_t seed, int64_t member)
    : TrainableModel(context),
      config_(config),
      horizon_(horizon),
      map_(map),
      statistics_(statistics),
      seed_(seed),
      member_(member),
      starts_(window_starts(*map.data, map.arrival, horizon, 0)) {
    if (starts_.empty())
        fail(ErrorKind::data, "dynamics: no episode has ", horizon, " more steps after a row of its travel",
             kTravelHint);
    sigma_delta_ =
        Tensor::from(context.backend, Shape{ssize(statistics.sigma_delta)}, statistics.sigma_delta).cast(DType::f32);
}

Dynamics::Windows Dynamics::gather(nn::Inputs& inputs, const std::vector<int64_t>& starts) const {
    const data::Dataset& d = *map_.data->dataset;
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

std::vector<int64_t> Dynamics::draw_starts(Rng& rng, int64_t count) const {
    std::vector<int64_t> starts;
    for (int64_t b = 0; b < count; ++b) starts.push_back(nth(starts_, rng.below(ssize(starts_))));
    return starts;
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
    if (config_.form != DynamicsForm::recurrent && config_.one_pass_share < 1)
        sampled = rolled_out(config_.final_steps);
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
