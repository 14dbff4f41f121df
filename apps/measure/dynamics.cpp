#include "apps/measure/measure.h"

namespace astro::app {

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
    runner.save_results();
}

}  // namespace astro::app
