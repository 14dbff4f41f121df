#include "astro/diagnosis.h"

#include <algorithm>

#include "data/validate.h"
#include "tensor/base/percentile.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

namespace {

// What makes plans better: training of the planner, unless plans are made by guidance alone.
std::string better_plans(const Config& config) {
    const SamplingConfig& sampling = config.planner.sampling;
    return sampling.start_level > 0 && config.planner.network.updates > 0 ? "planner.updates"
                                                                          : "sampling.final_guidance_steps";
}

// The latents of a TDR that was hardly trained are close to one another. Its predictions are a small part of the steps
// in the data, and what separates episodes counts as much as what separates the rows of one. Empty for other TDRs.
std::string small_predictions(const TemporalMap& map) {
    constexpr double kTrainedShare = .25;
    const std::vector<double>& medians = map.calibration.medians();
    if (medians.back() >= kTrainedShare * static_cast<double>(medians.size())) return "";
    return text(", and the TDR predicts ", short_number(medians.back()), " steps between rows ", medians.size(),
                " steps apart; hint: a new run with more tdr.updates");
}

// Whether some episode is longer than a planner's window.
bool larger_gap_fits(const Pipeline& pipeline) {
    return pipeline.train().longest() > pipeline.config().planner.window();
}

std::string why_no_candidate(Pipeline& pipeline, const Augmentation& made) {
    const bool by_tdr = pipeline.config().selection.distance == SelectionDistance::tdr;
    const std::string found =
        text("none of ", made.queries, " cuts has a row of another episode within reach (",
             pipeline.config().planner.gap + 1, by_tdr ? " steps by the TDR)" : " steps by Euclidean distance)");
    if (const std::string small = by_tdr ? small_predictions(pipeline.map()) : ""; !small.empty())
        return text(found, small,
                    larger_gap_fits(pipeline)
                        ? ", or with a larger planner.gap if this prediction does not grow with them"
                        : "");
    if (!larger_gap_fits(pipeline))
        return text(found, "; episodes have at most ", pipeline.train().longest(),
                    " rows, so a larger planner.gap does not fit; hint: ",
                    by_tdr ? "a new run with more tdr.updates, or longer episodes" : "longer episodes");
    return text(found, "; hint: a new run with a larger planner.gap", by_tdr ? " or more tdr.updates" : "",
                ", if the episodes come near one another at all");
}

// Cuts have candidates, but the chain rule (docs/method.md 9.3) allows none of them.
std::string why_no_target(Pipeline& pipeline, const Augmentation& made) {
    const AugmentConfig& config = pipeline.config().augment;
    const bool mono = config.chain == ChainRule::mono, by_tdr = config.distance != ChainDistance::euclid;
    const std::string found =
        text(made.queries - made.queries_without_candidate, " of ", made.queries,
             " cuts have rows of other episodes within reach, but none of these rows leads a chain ",
             short_number(mono ? config.mono_progress : config.ext_progress), " steps farther from its start (augment.",
             mono ? "mono_progress" : "ext_progress", ")", mono ? " without a detour (augment.detour)" : "");
    if (const std::string small = by_tdr ? small_predictions(pipeline.map()) : ""; !small.empty())
        return text(found, small);
    const bool split = config.distance == ChainDistance::closed && pipeline.map().components > 1;
    const bool few = 2 * made.queries_without_candidate > made.queries && larger_gap_fits(pipeline);
    return text(found, "; hint: ", split ? "a larger graph.edge, " : "",
                mono ? "a lower augment.mono_progress, a higher augment.detour" : "a lower augment.ext_progress",
                " or augment.chain random", few ? ", or a new run with a larger planner.gap" : "");
}

}  // namespace

std::string why_no_bridge(Pipeline& pipeline, const Augmentation& made) {
    if (made.attempts.empty())
        return made.queries_without_candidate == made.queries ? why_no_candidate(pipeline, made)
                                                              : why_no_target(pipeline, made);
    if (const std::vector<int64_t> columns = data::episode_constants(pipeline.train_data()); !columns.empty())
        return text("column ", columns[0], " of the states never changes within an episode, so no bridge changes it; ",
                    "hint: leave column ", columns[0], " out of the observations");
    const int64_t horizon = pipeline.horizon();
    const OpenLoopError model =
        pipeline.dynamics(0).open_loop_error(pipeline.validation(), pipeline.validation_map().arrival, {horizon}, 256);
    const double wrong = model.sampled.empty() ? model.one_pass[0] : model.sampled[0];
    if (wrong >= pipeline.config().metrics.warn_still * model.persistence[0])
        return text("after ", horizon, " steps the dynamics model is wrong by ", short_number(wrong),
                    " sigma_delta, standing still by ", short_number(model.persistence[0]),
                    "; hint: a new run with more dynamics.updates");
    std::vector<double> errors, still;
    std::vector<double> bounds;  // of the bridges that are rejected for nothing else
    int64_t disagreements = 0;
    for (const BridgeAttempt& attempt : made.attempts) {
        disagreements += attempt.verdict == Verdict::disagreement;
        if (attempt.verdict == Verdict::uncertain) bounds.push_back(attempt.arrival_bound);
        errors.push_back(attempt.bridge.error);
        still.push_back(scaled_rms(attempt.target_state.data(), attempt.source_state.data(),
                                   pipeline.statistics().sigma_delta));  // of a bridge that stays where it begins
    }
    const double error = percentile(errors, 50), unmoved = percentile(still, 50);
    constexpr double kOutOfReach = 1.5;  // times as far as the data travel
    const SelectionConfig& selection = pipeline.config().selection;
    if (selection.selector == Selector::tdr && selection.distance == SelectionDistance::tdr &&
        unmoved > kOutOfReach * model.persistence[0])
        return text("targets are ", short_number(unmoved), " sigma_delta away (median), but the data travel ",
                    short_number(model.persistence[0]), " in ", horizon,
                    " steps, so the TDR underestimates distances; hint: a new run with more tdr.updates");
    if (error >= unmoved)
        return text("the planner's bridges end ", short_number(error),
                    " sigma_delta from their targets, standing still ", short_number(unmoved),
                    "; hint: a new run with more ", better_plans(pipeline.config()));
    if (2 * disagreements > ssize(made.attempts))
        return text("the members of the dynamics ensemble disagree about ", disagreements, " of ", made.attempts.size(),
                    " bridges; hint: a new run with more dynamics.updates, or with dynamics.ensemble 1");
    if (2 * ssize(bounds) > ssize(made.attempts))
        return text("the bound on the true arrival error of ", bounds.size(), " of ", made.attempts.size(),
                    " bridges exceeds augment.bound_threshold, their median is ", short_number(percentile(bounds, 50)),
                    " sigma_delta; hint: a higher augment.bound_threshold, or a new run with more dynamics.updates");
    return text("the best arrival error is ", short_number(*std::min_element(errors.begin(), errors.end())),
                " sigma_delta, the median ", short_number(error), ", standing still ", short_number(unmoved),
                "; hint: more ", better_plans(pipeline.config()),
                " in a new run, or a higher augment.accept_threshold or augment.plausibility");
}

}  // namespace astro::method
