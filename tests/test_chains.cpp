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

namespace {

// The planner of small(), with other probes: a target is the better, the smaller its x. Records the probes.
class Probing : public BridgeMaker {
  public:
    explicit Probing(const Planner& planner) : planner_(planner) {}
    int64_t context() const override { return planner_.context(); }
    std::vector<std::vector<Bridge>> sample(const std::vector<StitchEnds>& ends, int64_t gap, int64_t candidates,
                                            const std::vector<Rng>& streams) const override {
        return planner_.sample(ends, gap, candidates, streams);
    }
    std::vector<double> probe(const std::vector<StitchEnds>& ends, int64_t,
                              const std::vector<Rng>& streams) const override {
        CHECK(ends.size() == streams.size());
        std::vector<double> errors;
        for (const StitchEnds& e : ends) {
            errors.push_back(double(e.target_states[0]));
            const size_t last = e.source_states.size() - 2;
            probed[{e.source_states[last], e.source_states[last + 1]}].push_back(e.target_states[0]);
        }
        return errors;
    }
    mutable std::map<std::pair<float, float>, std::vector<float>> probed;  // x of the targets of each source

  private:
    const Planner& planner_;
};

}  // namespace

TEST_CASE("chains: of several probed targets, the one that arrives best is tried") {
    Small& s = small();
    SelectionConfig selection = s.config.selection;
    selection.probes = 5;
    const TargetIndex index(s.pool, selection, s.pipeline->map(), s.pipeline->statistics(), s.config.planner.gap + 1,
                            s.config.planner.context, 1);
    AcceptanceBounds bounds;
    bounds.arrival = bounds.largest_step = 1e9;  // every bridge is accepted
    AugmentConfig config = s.config.augment;
    config.targets_per_cut = 1;
    const Probing maker(s.pipeline->planner());
    const Augmentation made = build_chains(s.pipeline->context(), config, s.pipeline->map(), index, maker,
                                           s.pipeline->statistics(), bounds, selection, 1, 4000, {});
    REQUIRE(made.attempts.size() > 20);
    int64_t several = 0;
    for (const BridgeAttempt& a : made.attempts) {
        const std::vector<float>& x = maker.probed.at({a.source_state[0], a.source_state[1]});
        several += x.size() == 5;
        CHECK(a.target_state[0] == *std::min_element(x.begin(), x.end()));
    }
    CHECK(several > ssize(made.attempts) / 2);
}

TEST_CASE("planner: a probe is a bridge with fewer steps of guidance") {
    Small& s = small();
    PlannerConfig config = s.config.planner;
    config.sampling.start_level = 0;  // from the source's own actions: no random numbers
    const data::Dataset& d = s.pipeline->train_data();
    std::vector<StitchEnds> ends;
    for (int64_t i = 0; i < 20; ++i) {
        const int64_t from = s.pipeline->train().begin(i), to = s.pipeline->train().begin(i) + 20;
        ends.push_back(recorded_ends(d, from, d, to, config.context));
        ends.back().own_actions = actions_from(s.pipeline->train(), from + config.context - 1, config.gap + 1);
    }
    const std::vector<Rng> streams(20, Rng(1));
    const auto errors = [&](int64_t steps, int64_t probe_steps, bool probes) {
        config.sampling.final_guidance_steps = steps, config.sampling.probe_steps = probe_steps;
        const Planner planner(s.pipeline->context(), config, s.pipeline->map(), s.pipeline->statistics(),
                              {&s.pipeline->dynamics(0)}, s.config.dynamics, 3);
        if (probes) return planner.probe(ends, config.gap, streams);
        std::vector<double> sampled;
        for (const auto& bridges : planner.sample(ends, config.gap, 1, streams)) sampled.push_back(bridges[0].error);
        return sampled;
    };
    CHECK(errors(30, 3, true) == errors(3, 30, false));
    CHECK(errors(30, 3, true) != errors(30, 3, false));
    CHECK(errors(3, 30, true) == errors(3, 30, false));  // never more steps than the bridge itself
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
