// Chains of the small maze data set: their rows, the cap on bridges, seams.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

TEST_CASE("chains: real parts are recorded rows, bridges end at their targets, identical with any number of threads") {
    Small& s = small();
    const data::Dataset& source = s.pipeline->recorded();
    const data::Dataset out =
        to_dataset(s.made, s.pipeline->train_rows(), s.pipeline->units(), s.pipeline->statistics(), 2);
    REQUIRE(s.made.chains.size() > 3);
    CHECK(out.rows >= int64_t(.3 * double(source.rows)));
    std::set<int64_t> bridges;
    for (int64_t t = 0; t + 1 < out.rows; ++t) {
        const auto i = size_t(t);
        if (out.terminals[i]) {
            CHECK(out.bridge[i] == -1);
            continue;
        }
        if (!out.is_synthetic[i]) {  // a real transition is copied exactly
            const int64_t row = out.source_row[i];
            CHECK(out.source_row[i + 1] == row + 1);
            CHECK(std::equal(out.observation(t), out.observation(t) + 2, source.observation(row)));
            CHECK(std::equal(out.action(t), out.action(t) + 2, source.action(row)));
            CHECK(out.target_row[i] == -1);
            CHECK(out.arrival_error[i] == 0);
            continue;
        }
        bridges.insert(out.bridge[i]);
        const BridgeAttempt& attempt = s.made.attempts[size_t(out.bridge[i])];
        CHECK(attempt.verdict == Verdict::accepted);
        CHECK(out.source_row[i] == attempt.source_row);
        CHECK(out.target_row[i] == attempt.target_row);
        CHECK(source.episode_of[size_t(attempt.source_row)] != source.episode_of[size_t(attempt.target_row)]);
        if (out.bridge[i + 1] != out.bridge[i])  // the last row of the bridge leads to the real target
            CHECK(
                std::equal(out.observation(t + 1), out.observation(t + 1) + 2, source.observation(attempt.target_row)));
    }
    int64_t accepted = 0;
    for (const BridgeAttempt& a : s.made.attempts) accepted += a.verdict == Verdict::accepted;
    CHECK(int64_t(bridges.size()) <= accepted);
    CHECK(bridges.size() > 10);
    for (int threads : {1, 3}) {
        const Small other(threads);
        const data::Dataset again = to_dataset(other.made, other.pipeline->train_rows(), other.pipeline->units(),
                                               other.pipeline->statistics(), 2);
        CHECK(again.observations == out.observations);
        CHECK(again.actions == out.actions);
        CHECK(again.bridge == out.bridge);
    }
}

TEST_CASE("chains: no pair of landmarks gets more bridges than the cap, even with many chains") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    SelectionConfig selection = s.config.selection;
    const int64_t reach = s.config.planner.gap + 1;
    const TargetIndex index(s.pool, selection, map, s.pipeline->statistics(), reach, s.config.planner.context, 1);
    AcceptanceBounds bounds;
    bounds.arrival = bounds.largest_step = 1e9;  // every bridge is accepted
    AugmentConfig config = s.config.augment;
    config.chains = 400;
    const int64_t rows = 2 * s.pipeline->train_data().rows;
    for (int64_t cap : {1, 3}) {
        selection.pair_cap = cap;
        const Augmentation made = build_chains(s.pipeline->context(), config, map, index, s.pipeline->planner(),
                                               s.pipeline->statistics(), bounds, selection, 1, rows, {});
        std::map<std::pair<int64_t, int64_t>, int64_t> bridges;
        for (const BridgeAttempt& a : made.attempts)
            if (a.verdict == Verdict::accepted)
                ++bridges[{map.landmark_of[size_t(a.source_row)], map.landmark_of[size_t(a.target_row)]}];
        int64_t most = 0;
        for (const auto& entry : bridges) most = std::max(most, entry.second);
        CHECK(most == cap);  // reached but not exceeded
    }
}

TEST_CASE("chains: with order nearest and more cuts, the targets tried are nearer to the sources' own future") {
    Small& s = small();
    const int64_t reach = s.config.planner.gap + 1;
    AcceptanceBounds bounds;
    bounds.arrival = bounds.largest_step = 1e9;  // every bridge is accepted
    auto mean_approach = [&](TargetOrder order, int64_t cuts) {
        SelectionConfig selection = s.config.selection;
        selection.order = order, selection.cuts = cuts, selection.bridge_length = BridgeLength::nearest;
        const TargetIndex index(s.pool, selection, s.pipeline->map(), s.pipeline->statistics(), reach,
                                s.config.planner.context, 1);
        const Augmentation made =
            build_chains(s.pipeline->context(), s.config.augment, s.pipeline->map(), index, s.pipeline->planner(),
                         s.pipeline->statistics(), bounds, selection, 1, s.pipeline->train_data().rows, {});
        REQUIRE(made.attempts.size() > 20);
        double sum = 0;
        for (const BridgeAttempt& a : made.attempts) {
            const TargetIndex::Approach best = index.approach(a.source_row, a.target_row);
            CHECK(ssize(a.bridge.actions) == 2 * (best.gap + 1));  // M' is that of the approach
            sum += best.distance / double(made.attempts.size());
        }
        return sum;
    };
    const double random = mean_approach(TargetOrder::random, 1), nearest = mean_approach(TargetOrder::nearest, 1);
    CHECK(nearest < .7 * random);
    CHECK(mean_approach(TargetOrder::nearest, 6) < .8 * nearest);
}

TEST_CASE("chains: rules mono and ext try no target whose end has no path from the start") {
    Small& s = small();
    TemporalMap map = s.pipeline->map();
    const int64_t n = map.landmarks();
    for (int64_t i = 0; i < n * n; ++i)
        if (i / n != i % n) map.closed[size_t(i)] = std::numeric_limits<float>::infinity();
    AcceptanceBounds bounds;
    bounds.arrival = bounds.largest_step = 1e9;  // every bridge is accepted
    const TargetIndex index(s.pool, s.config.selection, map, s.pipeline->statistics(), s.config.planner.gap + 1,
                            s.config.planner.context, 1);
    auto attempts = [&](ChainRule rule) {
        AugmentConfig config = s.config.augment;
        config.chain = rule, config.chains = 20;
        return ssize(build_chains(s.pipeline->context(), config, map, index, s.pipeline->planner(),
                                  s.pipeline->statistics(), bounds, s.config.selection, 1, 500, {})
                         .attempts);
    };
    CHECK(attempts(ChainRule::random) > 0);
    CHECK(attempts(ChainRule::mono) == 0);
    CHECK(attempts(ChainRule::ext) == 0);
}

TEST_CASE("seams: open ends the trajectory at the last state of a bridge; snap stores the states of the bridge") {
    const Small open(2, Seam::open), snap(2, Seam::snap);
    const data::Dataset cut =
        to_dataset(open.made, open.pipeline->train_rows(), open.pipeline->units(), open.pipeline->statistics(), 2);
    int64_t ends_in_bridge = 0;
    for (int64_t t = 1; t < cut.rows; ++t)
        ends_in_bridge += cut.terminals[size_t(t)] && cut.is_synthetic[size_t(t - 1)];
    int64_t accepted = 0;
    for (const Chain& c : open.made.chains) accepted += c.bridges;
    CHECK(ends_in_bridge == accepted);
    const data::Dataset snapped =
        to_dataset(snap.made, snap.pipeline->train_rows(), snap.pipeline->units(), snap.pipeline->statistics(), 2);
    for (int64_t t = 0; t + 1 < snapped.rows; ++t) {
        if (!snapped.is_synthetic[size_t(t)] || snapped.bridge[size_t(t)] != snapped.bridge[size_t(t + 1)]) continue;
        const Bridge& bridge = snap.made.attempts[size_t(snapped.bridge[size_t(t)])].bridge;
        bool found = false;
        const auto states = snap.pipeline->units().states.rows_outward<float>(bridge.states);
        for (size_t j = 0; j < states.size(); j += 2)
            found =
                found || (states[j] == snapped.observation(t + 1)[0] && states[j + 1] == snapped.observation(t + 1)[1]);
        CHECK(found);
    }
}
