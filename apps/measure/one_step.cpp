// The one-step models: the usual predictor, with which the dynamics model is compared.
#include <cmath>

#include "apps/command_line/settings.h"
#include "apps/measure/judges.h"
#include "apps/measure/measure.h"
#include "data/file.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

// Says in one line how the dynamics, the first one-step model and standing still compare, and warns if the dynamics is
// hardly better than standing still.
void compare_dynamics(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    const bool sampled = pipeline.config().dynamics.form == DynamicsForm::sampled;
    const std::string dynamics = sampled ? "dynamics_rmse_sampled_" : "dynamics_rmse_one_pass_";
    auto figure = [&](const std::string& key) {
        const data::Json* value = runner.results().find(key);
        return value ? value->as_real() : std::nan("");
    };
    std::string steps, lines[3], worse;
    for (int64_t s : open_loop_steps(pipeline.horizon())) {
        const std::string at = std::to_string(s);
        const double own = figure(dynamics + at), still = figure("dynamics_rmse_persistence_" + at);
        steps += (steps.empty() ? "" : ", ") + at;
        lines[0] += " " + short_number(own);
        lines[1] += " " + short_number(figure("dynamics_rmse_one_step_" + at));
        lines[2] += " " + short_number(still);
        if (!(own <= runner.config().metrics.warn_still * still) && std::isfinite(still))
            worse += text(worse.empty() ? "" : ", ", short_number(own), " against ", short_number(still), " after ", s);
    }
    const Config& config = pipeline.config();
    runner.progress().note(text("open-loop error after ", steps, " steps, in sigma_delta: dynamics", lines[0], " (",
                                config.dynamics.network.updates, " updates of ", config.dynamics.network.batch,
                                config.dynamics.form == DynamicsForm::recurrent ? " transitions" : " windows",
                                "); one-step network", lines[1], " (", resolve_one_step_updates(config), " of ",
                                config.one_step.batch, " transitions); standing still", lines[2]));
    if (!worse.empty())
        runner.warn("dynamics", "it hardly predicts better than standing still (error " + worse +
                                    " steps), so do not trust its bridges; hint: more dynamics.updates");
}

}  // namespace

void train_and_measure_one_step(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    OneStepModels& models = pipeline.one_step();
    runner.train({models, pipeline.fingerprint("one_step"), {}, {}});
    data::Json& results = runner.results();
    const std::string judges = runner.folder().file(kJudgesFile);
    if (results.find("one_step_updates") && data::file_exists(judges)) return;
    const double start = seconds_now();
    save_judges(judges, make_judges(pipeline));
    results["one_step_updates"] = models.updates();
    const int64_t horizon = pipeline.horizon();
    const std::vector<double>& sigma_delta = pipeline.statistics().sigma_delta;
    const std::vector<double> error = open_loop_rmse(
        runner.context(), pipeline.validation(),
        open_loop_windows(pipeline.validation(), pipeline.validation_map().arrival, horizon, kOpenLoopWindows), horizon,
        sigma_delta, one_step_rollout(runner.context().backend, models.members()[0], sigma_delta));
    for (int64_t s : open_loop_steps(horizon))
        results["dynamics_rmse_one_step_" + std::to_string(s)] = nth(error, s - 1);
    compare_dynamics(runner);
    runner.add_seconds("one_step/metrics", seconds_now() - start);
    runner.save_results();
}

}  // namespace astro::app
