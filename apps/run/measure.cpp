#include "apps/run/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "apps/command_line/settings.h"
#include "apps/run/signals.h"
#include "data/file.h"
#include "data/replay.h"

namespace astro::app {

namespace {

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double percentile(std::vector<double> values, double percent) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(percent / 100 * static_cast<double>(values.size() - 1))];
}

void put_rates(data::Json& results, const std::string& transition, const std::string& bridge,
               const ViolationRates& rates) {
    for (size_t k = 0; k < rates.tolerance.size(); ++k) {
        if (!transition.empty()) results[at_tolerance(transition, rates.tolerance[k])] = rates.transition[k];
        if (!bridge.empty()) results[at_tolerance(bridge, rates.tolerance[k])] = rates.bridge[k];
    }
}

// Held-out data are looked at every validate_every updates and at the end.
std::function<bool(int64_t)> validation_steps(const StageRunner& runner, const TrainableModel& model) {
    return [every = runner.config().checkpoint.validate_every, last = model.updates()](int64_t step) {
        return step % every == 0 || step == last;
    };
}

std::vector<double> best_errors(const std::vector<std::vector<Bridge>>& bridges) {
    std::vector<double> errors;
    for (const auto& candidates : bridges) errors.push_back(candidates[0].error);
    return errors;
}

}  // namespace

std::string at_tolerance(const std::string& key, double tolerance) { return key + "_" + print_real(tolerance); }

std::vector<std::string> keys_of(const data::Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.members()) keys.push_back(key);
    return keys;
}

void print_new(const data::Json& results, const std::vector<std::string>& before, bool json) {
    data::Json fresh = data::Json::object();
    for (const auto& [key, value] : results.members())
        if (std::find(before.begin(), before.end(), key) == before.end()) fresh[key] = value;
    if (json) {
        std::printf("%s\n", fresh.dump().c_str());
        return;
    }
    for (const auto& [key, value] : fresh.members())
        if (value.kind() == data::Json::Kind::real)
            std::printf("%-44s %.6g\n", key.c_str(), value.as_real());
        else
            std::printf("%-44s %s\n", key.c_str(), value.dump(0).c_str());
}

void put_stored_rates(data::Json& results, const data::Replay& r) {
    auto share = [](int64_t part, int64_t all) {
        return all ? static_cast<double>(part) / static_cast<double>(all) : 0.0;
    };
    for (size_t k = 0; k < r.tolerance.size(); ++k) {
        results[at_tolerance("dvr_transition", r.tolerance[k])] =
            share(r.synthetic.violations[k], r.synthetic.transitions);
        results[at_tolerance("dvr_bridge", r.tolerance[k])] = share(r.violating_bridges[k], r.bridges);
    }
}

void train_and_measure_tdr(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    runner.train({pipeline.tdr(), pipeline.fingerprint("tdr"), {}, {}});
    data::Json& results = runner.results();
    if (results.find("tdr_updates")) return;  // measured when it was finished
    const double start = seconds_now();
    const TemporalMap& map = pipeline.map();
    results["tdr_updates"] = pipeline.tdr().updates();
    if (map.components > 1)
        runner.warn("tdr", text("the landmark graph has ", map.components,
                                " components: distances between them are infinite; "
                                "hint: more tdr.updates, or a larger graph.edge"));
    results["calibration_error"] = calibration_error(pipeline.map());
    std::vector<double> travel;
    for (int64_t k = 0; k < pipeline.train().count(); ++k)
        travel.push_back(static_cast<double>(map.arrival[static_cast<size_t>(k)] - pipeline.train().begin(k)));
    results["arrival_step_median"] = percentile(travel, 50);
    const data::Environment* environment = data::find_environment(runner.environment());
    if (environment && environment->geodesics) {
        const DistanceMetrics m =
            measure_distances(runner.context(), map, environment->geodesics, environment->spec().position,
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

void train_and_measure_dynamics(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    for (int64_t m = 0; m < pipeline.ensemble(); ++m) {
        Dynamics& model = pipeline.dynamics(m);
        auto validate = [&](int64_t step, MetricsLog& log) {
            const OpenLoopError e =
                model.open_loop_error(pipeline.validation(), pipeline.validation_map().arrival, {1, pipeline.horizon()}, 256);
            log.add(step, "validation_rmse_1", e.one_pass.front());
            log.add(step, "validation_rmse_horizon", e.one_pass.back());
        };
        runner.train({model, pipeline.fingerprint("dynamics"), validation_steps(runner, model), validate});
    }
    data::Json& results = runner.results();
    if (results.find("dynamics_updates")) return;
    results["dynamics_updates"] = pipeline.dynamics(0).updates();
    std::vector<int64_t> steps = {1, 5, 10, 15, pipeline.horizon()};
    const OpenLoopError error =
        pipeline.dynamics(0).open_loop_error(pipeline.validation(), pipeline.validation_map().arrival, steps, 2000);
    for (size_t i = 0; i < error.steps.size(); ++i) {
        const std::string at = "_" + std::to_string(error.steps[i]);
        results["dynamics_rmse_one_pass" + at] = error.one_pass[i];
        if (!error.sampled.empty()) results["dynamics_rmse_sampled" + at] = error.sampled[i];
        results["dynamics_rmse_persistence" + at] = error.persistence[i];
    }
    runner.save_results();
}

void train_and_measure_planner(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    Planner& planner = pipeline.planner();
    auto validate = [&](int64_t step, MetricsLog& log) {
        log.add(step, "validation_arrival_error", percentile(best_errors(pipeline.sample_validation_bridges(64, 1)), 50));
    };
    runner.train({planner, pipeline.fingerprint("planner"), validation_steps(runner, planner), validate});
    data::Json& results = runner.results();
    if (results.find("planner_updates")) return;
    results["planner_updates"] = pipeline.planner().updates();
    const std::vector<double> errors = best_errors(pipeline.validation_bridges());
    results["validation_arrival_error_median"] = percentile(errors, 50);
    results["validation_arrival_error_90"] = percentile(errors, 90);
    runner.save_results();
}

namespace {

// The paper's failure signatures (method notes 5.18(15)) among the attempts so far, in words.
std::vector<std::string> failure_signatures(StageRunner& runner, const Augmentation& made) {
    const MetricsConfig& limits = runner.config().metrics;
    Pipeline& pipeline = runner.pipeline();
    std::vector<std::string> found;
    if (made.wall_share > limits.warn_wall_share)
        found.push_back(
            text("targets behind walls: ", print_real(std::round(1000 * made.wall_share) / 10),
                 " % of the chosen targets are much farther by the graph than by the latent; hint: more tdr.updates"));
    std::vector<double> errors;
    for (const BridgeAttempt& attempt : made.attempts) errors.push_back(attempt.bridge.error);
    const double median = percentile(errors, 50), reference = percentile(best_errors(pipeline.validation_bridges()), 50);
    if (median > limits.warn_drift || median > limits.warn_drift_ratio * reference)
        found.push_back(text("dynamics drift: the median arrival error is ", print_real(median),
                             " sigma_delta against ", print_real(reference),
                             " on held-out windows; hint: train dynamics and planner longer"));
    const double deviation = plan_deviation(made.attempts, pipeline.train_data());
    if (deviation < limits.warn_collapse)
        found.push_back(text("planner collapse: planned actions deviate ", print_real(deviation),
                             " times as much as the data's; hint: look at the variety of the data's actions"));
    return found;
}

}  // namespace

std::string augment_and_measure(StageRunner& runner) {
    Pipeline& pipeline = runner.pipeline();
    data::Json& results = runner.results();
    const std::string path = runner.folder().file("augmented.npz"), fingerprint = pipeline.fingerprint("augment");
    const data::Json* known = results.find("augment_fingerprint");
    if (known && known->as_string() == fingerprint && data::file_exists(path))
        return path;  // done in an earlier session

    const double start = seconds_now();
    const Config& config = runner.config();
    const auto wanted = std::llround(config.augment.ratio * static_cast<double>(pipeline.train_data().rows));
    runner.progress().start("augment", wanted);
    ChainProgress progress;
    bool looked = false;
    progress.round = [&](int64_t rows, int64_t, const Augmentation& so_far) {
        runner.progress().update(rows);
        if (looked || so_far.attempts.size() < 500) return;
        looked = true;  // early enough to stop a run that goes wrong; what goes into results.json is judged at the end
        for (const std::string& message : failure_signatures(runner, so_far))
            runner.progress().note("so far: " + message);
    };
    progress.interrupted = [] { return interrupted(); };
    const Augmentation made = pipeline.augment(progress);
    runner.progress().finish();

    if (made.chains.empty())
        fail(ErrorKind::data, "augment: no bridge was accepted out of ", made.attempts.size(), " attempts",
             made.stopped_because.empty() ? "" : " (" + made.stopped_because + ")",
             made.attempts.empty() ? "; hint: train the TDR longer, so that targets lie within reach"
                                   : "; hint: train the planner longer, or raise augment.accept_threshold");
    const data::Environment* environment = data::find_environment(runner.environment());
    const data::Dataset spliced = to_dataset(made, pipeline.train_data(), pipeline.statistics(),
                                             environment && environment->spec().states_are_qpos);
    data::save_dataset(path, spliced, &runner.threads());

    std::vector<int64_t> verdicts(4);
    std::vector<double> errors;
    int64_t bridge_rows = 0;
    for (const BridgeAttempt& attempt : made.attempts) {
        ++verdicts[static_cast<size_t>(attempt.verdict)];
        errors.push_back(attempt.bridge.error);
    }
    for (uint8_t synthetic : spliced.is_synthetic) bridge_rows += synthetic;
    const auto attempts = static_cast<int64_t>(made.attempts.size());
    results["augment_rows"] = spliced.rows;
    results["augment_chains"] = static_cast<int64_t>(made.chains.size());
    results["augment_bridges"] = verdicts[0];
    results["augment_bridge_transitions"] = bridge_rows;
    results["augment_depth_mean"] =
        static_cast<double>(verdicts[0]) / static_cast<double>(std::max<size_t>(1, made.chains.size()));
    results["augment_attempts"] = attempts;
    results["yield"] = attempts ? static_cast<double>(verdicts[0]) / static_cast<double>(attempts) : 0.0;
    for (Verdict v : {Verdict::arrival, Verdict::implausible, Verdict::disagreement})
        results[std::string("rejected_") + verdict_name(v)] = verdicts[static_cast<size_t>(v)];
    results["queries"] = made.queries;
    results["queries_without_target"] = made.queries_without_target;
    results["chains_ended_by_depth"] = made.ended_by_depth;
    results["chains_ended_without_target"] = made.ended_without_target;
    results["chains_ended_by_rejections"] = made.ended_by_rejections;
    results["chains_dropped_without_bridge"] = made.dropped_without_bridge;
    results["arrival_error_median"] = percentile(errors, 50);
    results["arrival_error_90"] = percentile(errors, 90);
    results["novelty"] = novelty(pipeline.train_data(), spliced, pipeline.statistics());
    runner.clear_warnings("augment");
    if (!made.stopped_because.empty()) runner.warn("augment", "stopped early: " + made.stopped_because);
    for (const std::string& message : failure_signatures(runner, made)) runner.warn("augment", message);
    results["target_wall_share"] = made.wall_share;
    results["plan_deviation"] = plan_deviation(made.attempts, pipeline.train_data());

    const Statistics& units = pipeline.statistics();
    const std::vector<double>& kappas = config.metrics.tolerances;
    if (environment && environment->exact_step) {
        const ExactStep& step = environment->exact_step;
        put_rates(results, "dvr_real", "", real_violation_rates(pipeline.train(), units, kappas, step));
        put_rates(results, "", "dvr_bridge_snap_before_acceptance",
                  violation_rates(made.attempts, Seam::snap, false, units, kappas, step));
        put_rates(results, "", "dvr_bridge_snap",
                  violation_rates(made.attempts, Seam::snap, true, units, kappas, step));
        put_stored_rates(results, data::replay(*environment, spliced, kappas, runner.threads(), path));
        results["true_arrival_error_median"] = true_arrival_error(made.attempts, true, units, step, 50);
        results["true_arrival_error_90"] = true_arrival_error(made.attempts, true, units, step, 90);
    }
    put_rates(results, "", "dvr_bridge_model",
              model_violation_rates(runner.context(), made.attempts, true, units, kappas, pipeline.dynamics(0)));
    results["augment_fingerprint"] = fingerprint;
    runner.add_seconds("augment", seconds_now() - start);
    runner.save_results();
    return path;
}

}  // namespace astro::app
