#include "apps/measure/measure.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app {

void train_and_measure_planner(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    Planner& planner = pipeline.planner();
    pipeline.validation_ends(1);  // refuses data without held-out windows before the planner is trained
    auto validate = [&](int64_t step, MetricsLog& log) {
        log.add(step, "validation_arrival_error",
                percentile(best_errors(pipeline.sample_validation_bridges(64, 1)), 50));
    };
    runner.train({planner, pipeline.fingerprint("planner"), validation_steps(runner, planner), validate,
                  "validation_arrival_error"});
    data::Json& results = runner.results();
    const std::string fingerprint =
        text(pipeline.fingerprint("sampling"), "-", pipeline.config().augment.bridge_candidates);
    const data::Json* known = results.find("planner_fingerprint");
    if (known && known->as_string() == fingerprint) return;  // measured in an earlier session
    results["planner_fingerprint"] = fingerprint;
    results["planner_updates"] = pipeline.planner().updates();
    const std::vector<double> errors = best_errors(pipeline.validation_bridges());
    results["validation_arrival_error_median"] = percentile(errors, 50);
    results["validation_arrival_error_90"] = percentile(errors, 90);
    const std::vector<double> cross = best_errors(pipeline.cross_bridges().bridges);
    results["validation_cross_pairs"] = ssize(cross);
    if (!cross.empty()) {
        results["validation_cross_arrival_error_median"] = percentile(cross, 50);
        results["validation_cross_arrival_error_90"] = percentile(cross, 90);
    }
    runner.save_results();
}

}  // namespace astro::app
