#include "apps/measure/measure.h"
#include "data/environment.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app {

void train_and_measure_tdr(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    runner.train({pipeline.tdr(), pipeline.fingerprint("tdr"), {}, {}});
    data::Json& results = runner.results();
    if (results.find("tdr_updates")) return;  // already measured
    const double start = seconds_now();
    const TemporalMap& map = pipeline.map();
    results["tdr_updates"] = pipeline.tdr().updates();
    results["tdr_gamma"] = pipeline.gamma();
    if (pipeline.maps().arrivals_ignored)
        runner.warn("tdr", text("according to the TDR, no episode travels for ", runner.config().planner.window() - 1,
                                " steps before it arrives, so all rows count as travel; hint: more tdr.updates"));
    if (map.components > 1)
        runner.warn("tdr", text("the landmark graph has ", map.components,
                                " components, between which distances are infinite; "
                                "hint: more tdr.updates, or a larger graph.edge"));
    results["calibration_error"] = calibration_error(pipeline.map());
    const CalibrationCurve curve = calibration_curve(map);
    data::Json& calibration = results["calibration_curve"] = data::Json::object();
    calibration["steps"] = curve.steps, calibration["predicted"] = curve.predicted;
    calibration["lower"] = curve.lower, calibration["median"] = curve.median, calibration["higher"] = curve.higher;
    std::vector<double> travel;
    for (int64_t k = 0; k < pipeline.train().count(); ++k)
        travel.push_back(static_cast<double>(nth(map.arrival, k) - pipeline.train().begin(k)));
    results["arrival_step_median"] = percentile(travel, 50);
    const data::Environment* environment = data::find_environment(runner.environment());
    if (environment && environment->geodesics) {
        const DistanceMetrics m =
            measure_distances(runner.context(), map, pipeline.recorded(), environment->geodesics, environment->spec(),
                              runner.config().metrics.distance_rows, pipeline.seed());
        results["spearman_raw"] = m.spearman_raw;
        results["spearman_closed"] = m.spearman_closed;
        results["spearman_euclid"] = m.spearman_euclid;
        results["wall_auc_raw"] = m.wall_auc_raw;
        results["wall_auc_closed"] = m.wall_auc_closed;
        results["wall_pairs"] = m.wall_pairs;
    }
    runner.add_seconds("tdr/map_and_metrics", seconds_now() - start);
    runner.save_results();
}

}  // namespace astro::app
