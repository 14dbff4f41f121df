// Why stitching failed: each cause on a small pipeline in which it is planted.
#include <doctest/doctest.h>

#include "astro/diagnosis.h"
#include "tests/error_message.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

namespace {

// A small pipeline whose stages are trained for these numbers of updates.
std::string cause_with(int64_t tdr, int64_t dynamics, const Augmentation& made,
                       SelectionDistance distance = SelectionDistance::tdr, int64_t context = 0) {
    Small& s = small();
    Config config = s.config;
    config.tdr.updates = tdr, config.dynamics.network.updates = dynamics;
    config.data.arrival_steps = 0;
    config.selection.distance = distance;
    if (context > 0) config.planner.context = context;
    maze::CollectSpec spec;
    spec.episodes = 20, spec.seed = 5;
    Pipeline pipeline(Context{*s.backend, s.pool, 8}, config,
                      maze::collect(maze::layout("medium"), spec, "train", s.pool), std::nullopt,
                      "pointmaze-medium-v0");
    Small::train(pipeline.tdr());
    Small::train(pipeline.dynamics(0));
    return why_no_bridge(pipeline, made);
}

// The attempts of the small pipeline, with targets that are this far away, in sigma_delta.
Augmentation attempts_with_targets_at(double distance) {
    Augmentation made = small().made;
    const std::vector<double>& sigma = small().pipeline->statistics().sigma_delta;
    REQUIRE_FALSE(made.attempts.empty());
    for (BridgeAttempt& attempt : made.attempts)
        for (size_t i = 0; i < attempt.target_state.size(); ++i)
            attempt.target_state[i] = attempt.source_state[i] + float(distance * sigma[i]);
    return made;
}

}  // namespace

TEST_CASE("diagnosis: cuts without a target") {
    Augmentation made;
    made.queries = made.queries_without_candidate = 320;
    const std::string untrained = cause_with(20, 0, made);
    CHECK(contains(untrained, "none of 320 cuts has a row of another episode within reach (9 steps by the TDR), and "));
    CHECK(contains(untrained, "between rows 64 steps apart; hint: a new run with more tdr.updates, or with a larger "));
    CHECK(contains(cause_with(20, 0, made, SelectionDistance::euclid),
                   "within reach (9 steps by Euclidean distance); hint: a new run with a larger planner.gap, if"));
}

TEST_CASE("diagnosis: cuts without a target in episodes that have no room for a larger gap") {
    Augmentation made;
    made.queries = made.queries_without_candidate = 320;
    const std::string untrained = cause_with(20, 0, made, SelectionDistance::tdr, 150);
    CHECK(contains(untrained, "more tdr.updates"));
    CHECK(untrained.find("planner.gap") == std::string::npos);
    CHECK(contains(cause_with(20, 0, made, SelectionDistance::euclid, 150),
                   "rows, so a larger planner.gap does not fit; hint: longer episodes"));
}

TEST_CASE("diagnosis: candidates that the chain rule does not allow") {
    Augmentation made;
    made.queries = 320, made.queries_without_candidate = 20;
    const std::string untrained = cause_with(20, 0, made);
    CHECK(contains(untrained,
                   "300 of 320 cuts have rows of other episodes within reach, but none of these rows leads a "
                   "chain 24 steps farther from its start (augment.mono_progress) without a detour "));
    CHECK(contains(untrained, "between rows 64 steps apart; hint: a new run with more tdr.updates"));
    CHECK(contains(why_no_bridge(*small().pipeline, made),
                   "hint: a lower augment.mono_progress, a higher augment.detour or augment.chain random"));
}

TEST_CASE("diagnosis: targets that are farther away than the data travel") {
    Augmentation made = small().made;
    REQUIRE_FALSE(made.attempts.empty());
    for (BridgeAttempt& attempt : made.attempts)
        for (float& x : attempt.target_state) x += 1000;
    CHECK(contains(why_no_bridge(*small().pipeline, made),
                   "so the TDR underestimates distances; hint: a new run with "
                   "more tdr.updates"));
}

TEST_CASE("diagnosis: a dynamics model that was not trained") {
    Augmentation made = small().made;
    REQUIRE_FALSE(made.attempts.empty());
    CHECK(contains(cause_with(300, 0, made), "more dynamics.updates"));
}

TEST_CASE("diagnosis: bridges that end farther from their targets than standing still, and bridges that end closer") {
    Augmentation made = attempts_with_targets_at(3);
    for (BridgeAttempt& attempt : made.attempts) attempt.bridge.error = 1000;
    CHECK(contains(why_no_bridge(*small().pipeline, made), "the planner's bridges end 1e+03 sigma_delta"));
    for (BridgeAttempt& attempt : made.attempts) attempt.bridge.error = .01;
    CHECK(contains(why_no_bridge(*small().pipeline, made), "the best arrival error is 0.01 sigma_delta"));
}

TEST_CASE("diagnosis: members of the ensemble that disagree") {
    Augmentation made = attempts_with_targets_at(3);
    for (BridgeAttempt& attempt : made.attempts) attempt.bridge.error = .01, attempt.verdict = Verdict::disagreement;
    const std::string words = why_no_bridge(*small().pipeline, made);
    CHECK(contains(words, "the members of the dynamics ensemble disagree about "));
    CHECK(contains(words, "hint: a new run with more dynamics.updates, or with dynamics.ensemble 1"));
}

TEST_CASE("diagnosis: bounds on the true arrival error that are too large") {
    Augmentation made = attempts_with_targets_at(3);
    for (BridgeAttempt& attempt : made.attempts)
        attempt.bridge.error = .01, attempt.verdict = Verdict::uncertain, attempt.arrival_bound = 7;
    CHECK(contains(why_no_bridge(*small().pipeline, made),
                   "exceeds augment.bound_threshold, their median is 7 sigma_delta; hint: a higher "
                   "augment.bound_threshold, or a new run with more dynamics.updates"));
}
