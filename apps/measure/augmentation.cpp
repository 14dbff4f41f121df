// Augmentation: makes the data set of the kept arm, saves it, and measures both all attempts and the stored data.
#include <algorithm>
#include <cmath>

#include "apps/command_line/settings.h"
#include "apps/measure/measure.h"
#include "apps/run/arms.h"
#include "data/environment.h"
#include "data/file.h"
#include "data/replay.h"
#include "tensor/base/percentile.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

// Warnings about known failure modes (docs/method.md 11.7) in the attempts so far.
std::vector<std::string> failure_signatures(StageRunner& runner, const Augmentation& made) {
    const MetricsConfig& limits = runner.config().metrics;
    Pipeline& pipeline = runner.pipeline();
    std::vector<std::string> found;
    if (made.wall_share > limits.warn_wall_share)
        found.push_back(
            text("targets farther than they look: for ", print_real(std::round(1000 * made.wall_share) / 10),
                 " % of the chosen targets, as for targets behind walls, the graph distance is much larger than the "
                 "latent distance; hint: more tdr.updates"));
    std::vector<double> errors;
    for (const BridgeAttempt& attempt : made.attempts) errors.push_back(attempt.bridge.error);
    const double median = percentile(errors, 50),
                 reference = percentile(best_errors(pipeline.validation_bridges()), 50);
    // Errors far below what is accepted are no drift, even if those on held-out windows are smaller still.
    const bool large = median > .25 * runner.config().augment.accept_threshold;
    if (median > limits.warn_drift || (large && median > limits.warn_drift_ratio * reference))
        found.push_back(text(median > reference ? "dynamics drift" : "inaccurate bridges",
                             ": the median arrival error is ", short_number(median), " sigma_delta, compared with ",
                             short_number(reference), " on held-out windows; hint: train dynamics and planner longer"));
    const double std_ratio = plan_std_ratio(made.attempts, pipeline.train_data());
    if (std_ratio < limits.warn_collapse)
        found.push_back(
            text("planner collapse: the standard deviation of planned actions is ", short_number(std_ratio),
                 " times that of the data; hint: train the planner longer, if the actions in the data vary"));
    return found;
}

data::Dataset make(StageRunner& runner, augmenters::Augmenter& augmenter) {
    const int64_t wanted = runner.pipeline().augmented_rows();
    runner.progress().start("augment", wanted);
    augmenters::Progress progress;
    bool looked = false;
    progress.made = [&](int64_t rows) {
        runner.progress().update(std::min(rows, wanted));
        const Augmentation* so_far = augmenter.attempts();
        if (looked || !so_far || so_far->attempts.size() < 500) return;
        looked = true;  // an early warning allows stopping the run; results.json is written at the end
        for (const std::string& message : failure_signatures(runner, *so_far))
            runner.progress().note("so far: " + message);
    };
    data::Dataset made = augmenter.make(wanted, progress);
    runner.progress().finish();
    return made;
}

int64_t synthetic_rows(const data::Dataset& spliced) {
    return std::count(spliced.is_synthetic.begin(), spliced.is_synthetic.end(), uint8_t{1});
}

// Stores counts and errors of the attempts.
void put_attempts(StageRunner& runner, const Augmentation& made, const data::Dataset& spliced) {
    data::Json& results = runner.results();
    std::vector<int64_t> verdicts(kVerdicts);
    std::vector<double> errors, bounds;
    for (const BridgeAttempt& attempt : made.attempts) {
        ++verdicts[static_cast<size_t>(attempt.verdict)];
        errors.push_back(attempt.bridge.error);
        if (attempt.verdict == Verdict::accepted) bounds.push_back(attempt.arrival_bound);
    }
    const auto attempts = ssize(made.attempts);
    results["augment_chains"] = ssize(made.chains);
    results["augment_bridges"] = verdicts[0];
    results["augment_bridge_transitions"] = synthetic_rows(spliced);
    results["augment_depth_mean"] =
        static_cast<double>(verdicts[0]) / static_cast<double>(std::max<size_t>(1, made.chains.size()));
    results["augment_attempts"] = attempts;
    results["yield"] = attempts ? static_cast<double>(verdicts[0]) / static_cast<double>(attempts) : 0.0;
    for (size_t v = 1; v < kVerdicts; ++v)
        results[std::string("rejected_") + verdict_name(static_cast<Verdict>(v))] = verdicts[v];
    results["queries"] = made.queries;
    results["queries_without_target"] = made.queries_without_target;
    results["chains_ended_by_depth"] = made.ended_by_depth;
    results["chains_ended_without_target"] = made.ended_without_target;
    results["chains_ended_by_rejections"] = made.ended_by_rejections;
    results["chains_dropped_without_bridge"] = made.dropped_without_bridge;
    results["arrival_error_median"] = percentile(errors, 50);
    results["arrival_error_90"] = percentile(errors, 90);
    results["arrival_bound_median"] = percentile(bounds, 50);
    results["arrival_bound_90"] = percentile(bounds, 90);
    results["arrival_error_threshold"] = runner.config().augment.accept_threshold;
    put_arrival_errors(results, "arrival_errors", errors, runner.config());
    put_arrival_errors(results, "validation_arrival_errors", best_errors(runner.pipeline().validation_bridges()),
                       runner.config());
}

// Stores warnings about the attempts, and the figures that they are given for.
void put_warnings(StageRunner& runner, const Augmentation& made) {
    data::Json& results = runner.results();
    if (!made.stopped_because.empty()) runner.warn("augment", "stopped early: " + made.stopped_because);
    for (const std::string& message : failure_signatures(runner, made)) runner.warn("augment", message);
    results["target_wall_share"] = made.wall_share;
    results["plan_std_ratio"] = plan_std_ratio(made.attempts, runner.pipeline().train_data());
}

// Stores the share of the accepted bridges with a finite bound whose true arrival error, in order, is at most the
// bound.
void put_within_bound(data::Json& results, const std::vector<BridgeAttempt>& attempts,
                      const std::vector<double>& true_errors) {
    int64_t accepted = 0, bounded = 0, within = 0;
    for (const BridgeAttempt& attempt : attempts) {
        if (attempt.verdict != Verdict::accepted) continue;
        const double error = nth(true_errors, accepted++);
        if (!std::isfinite(attempt.arrival_bound)) continue;
        ++bounded, within += error <= attempt.arrival_bound;
    }
    if (bounded > 0) results["true_arrival_within_bound"] = static_cast<double>(within) / static_cast<double>(bounded);
}

// Stores violation rates, measured with the exact simulator (if there is one) and with the dynamics model.
void put_violations(StageRunner& runner, const Augmentation* made, const data::Dataset& spliced) {
    Pipeline& pipeline = runner.pipeline();
    data::Json& results = runner.results();
    const Statistics& statistics = pipeline.statistics();
    const std::vector<double>& kappas = runner.config().metrics.tolerances;
    const data::Environment* environment = data::find_environment(runner.environment());
    if (environment && data::can_replay(*environment, pipeline.recorded(), "the data set"))
        put_rates(results, "dvr_real", "",
                  real_violation_rates(pipeline.train(), pipeline.recorded(), pipeline.units(), statistics, kappas,
                                       *environment));
    if (environment && environment->exact_step) {
        const ExactStep step = in_units(environment->exact_step, pipeline.units());
        if (made) {
            const TransitionErrors errors = transition_errors(made->attempts, Seam::snap, statistics, step);
            put_rates(results, "", "dvr_bridge_snap_before_acceptance", count_violations(errors, kappas));
            put_rates(results, "", "dvr_bridge_snap", count_violations(of_accepted(made->attempts, errors), kappas));
        }
        data::ReplayOptions options{true, {}};
        const bool slow = environment->spec().replay_rows > 0;
        if (slow) {
            runner.progress().start("replay of bridges", synthetic_rows(spliced));
            options.transitions = [&](int64_t count) { runner.progress().update(count); };
        }
        const std::string file = runner.folder().file(kAugmentedFile);
        put_rates(results, "dvr_transition", "dvr_bridge",
                  data::replay(*environment, spliced, kappas, runner.threads(), file, options).synthetic.rates);
        if (slow) runner.progress().finish();
        if (made) {
            const std::vector<double> arrival = true_arrival_errors(made->attempts, statistics, step);
            results["true_arrival_error_median"] = percentile(arrival, 50);
            results["true_arrival_error_90"] = percentile(arrival, 90);
            put_within_bound(results, made->attempts, arrival);
            put_arrival_errors(results, "true_arrival_errors", arrival, runner.config());
        }
    }
    if (made)
        put_rates(
            results, "", "dvr_bridge_model",
            count_violations(of_accepted(made->attempts, model_transition_errors(runner.context(), made->attempts,
                                                                                 statistics, pipeline.dynamics(0))),
                             kappas));
}

}  // namespace

std::string augment_and_measure(StageRunner& runner, const augmenters::Augmenter::Visit& trained) {
    Pipeline& pipeline = runner.pipeline();
    data::Json& results = runner.results();
    const std::string path = runner.folder().file(kAugmentedFile), fingerprint = pipeline.fingerprint("augment");
    const data::Json* known = results.find("augment_fingerprint");
    if (known && known->as_string() == fingerprint && data::file_exists(path))
        return path;  // completed in an earlier session

    runner.record_session();
    const double start = seconds_now();
    const auto augmenter = augmenters::make_augmenter(augmenters::kept_row().arm, pipeline, qpos_columns(runner));
    augmenter->each_model(trained);
    const data::Dataset made = make(runner, *augmenter);
    const Augmentation* attempts = augmenter->attempts();
    data::save_dataset(path, made, &runner.threads());
    results["augment_rows"] = made.rows;
    if (attempts) put_attempts(runner, *attempts, made);
    results["novelty"] = novelty(pipeline.train_data(), data::convert(pipeline.units(), made, kAugmentedFile).data,
                                 pipeline.statistics(), pipeline.units().states.places(pipeline.position_columns()));
    runner.clear_warnings("augment");
    if (attempts) put_warnings(runner, *attempts);
    put_violations(runner, attempts, made);
    results["augment_fingerprint"] = fingerprint;
    results["metrics_fingerprint"] = pipeline.settings_fingerprint({"metrics"});
    runner.add_seconds("augment", seconds_now() - start);
    runner.save_results();
    return path;
}

}  // namespace astro::app
