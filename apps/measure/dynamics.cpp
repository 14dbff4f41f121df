#include "apps/measure/measure.h"
#include "astro/ensemble.h"
#include "astro/measure/open_loop.h"
#include "tensor/base/percentile.h"
#include "tensor/base/range_text.h"

namespace astro::app {

namespace {

// With several networks: the error of their mean, since bridges have their mean states; and a warning of networks that
// are far worse than most.
void measure_ensemble(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    const int64_t networks = pipeline.ensemble(), horizon = pipeline.horizon();
    if (networks == 1) return;
    const DynamicsConfig& config = pipeline.config().dynamics;
    const int64_t denoising_steps = config.form == DynamicsForm::sampled ? config.final_steps : 1;
    const std::vector<int64_t> starts =
        open_loop_windows(pipeline.validation(), pipeline.validation_map().arrival, horizon, kOpenLoopWindows);
    const auto errors = [&](int64_t first, int64_t count) {  // of the mean of networks first, first + 1, ...
        return open_loop_rmse(runner.context(), pipeline.validation(), starts, horizon,
                              pipeline.statistics().sigma_delta, [&](const Tensor& from, const Tensor& actions) {
                                  std::vector<Tensor> each;
                                  for (int64_t m = first; m < first + count; ++m)
                                      each.push_back(pipeline.dynamics(m).rollout(from, actions, denoising_steps));
                                  return mean_of(each).to_vector<float>();
                              });
    };
    const std::vector<double> mean = errors(0, networks);
    for (int64_t s : open_loop_steps(horizon))
        runner.results()["dynamics_rmse_mean_" + std::to_string(s)] = nth(mean, s - 1);
    std::vector<double> last;
    for (int64_t m = 0; m < networks; ++m) last.push_back(errors(m, 1).back());
    for (int64_t m : far_worse(last))
        runner.warn("dynamics", text("network ", m + 1, " of ", networks, " is off by ", short_number(nth(last, m)),
                                     " sigma_delta after ", horizon, " steps, the median network by ",
                                     short_number(percentile(last, 50)), "; hint: more dynamics.updates"));
}

}  // namespace

void train_and_measure_dynamics(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    for (int64_t m = 0; m < pipeline.ensemble(); ++m) {
        Dynamics& model = pipeline.dynamics(m);
        auto validate = [&](int64_t step, MetricsLog& log) {
            const OpenLoopError e = model.open_loop_error(pipeline.validation(), pipeline.validation_map().arrival,
                                                          {1, pipeline.horizon()}, 256);
            log.add(step, "validation_rmse_1", e.one_pass.front());
            log.add(step, "validation_rmse_horizon", e.one_pass.back());
        };
        runner.train({model, pipeline.fingerprint("dynamics"), validation_steps(runner, model), validate,
                      "validation_rmse_horizon"});
    }
    data::Json& results = runner.results();
    if (results.find("dynamics_updates")) return;
    results["dynamics_updates"] = pipeline.dynamics(0).updates();
    const OpenLoopError error =
        pipeline.dynamics(0).open_loop_error(pipeline.validation(), pipeline.validation_map().arrival,
                                             open_loop_steps(pipeline.horizon()), kOpenLoopWindows);
    for (size_t i = 0; i < error.steps.size(); ++i) {
        const std::string at = "_" + std::to_string(error.steps[i]);
        results["dynamics_rmse_one_pass" + at] = error.one_pass[i];
        if (!error.sampled.empty()) results["dynamics_rmse_sampled" + at] = error.sampled[i];
        results["dynamics_rmse_persistence" + at] = error.persistence[i];
    }
    measure_ensemble(runner);
    runner.save_results();
}

}  // namespace astro::app
