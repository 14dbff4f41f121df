// The bound on the true arrival error: its quantile, its coverage on rows that it has not seen, and what it rejects.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "astro/measure/metrics.h"
#include "tensor/base/percentile.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

namespace {

// The small pipeline's planner, with one dynamics network or with two.
struct Members {
    Small& s = small();
    std::unique_ptr<Planner> planner;

    explicit Members(size_t count) {
        std::vector<const Dynamics*> members{&s.pipeline->dynamics(0)};
        if (count > 1) members.push_back(&s.second_dynamics());
        planner = std::make_unique<Planner>(s.pipeline->context(), s.config.planner, s.pipeline->map(),
                                            s.pipeline->statistics(), members, s.config.dynamics, 1);
    }
    ArrivalBound calibrate(double coverage, int64_t limit) const {
        return calibrate_arrival_bound(s.pipeline->context(), *planner, s.pipeline->validation(),
                                       s.pipeline->validation_map().arrival, coverage, limit);
    }
};

// Episodes of the small pipeline's maze that it has not seen, in its units. All rows count as travel.
struct Fresh {
    data::RecordedData rows;
    Trajectories trajectories;
    std::vector<int64_t> arrival;

    explicit Fresh(uint64_t seed) {
        Small& s = small();
        maze::CollectSpec spec;
        spec.episodes = 300, spec.seed = seed;
        rows =
            data::convert(s.pipeline->units(), maze::collect(maze::layout("medium"), spec, "train", s.pool), "fresh");
        trajectories = cut_at_jumps(rows.data, s.config.data.jump_factor);
        for (int64_t k = 0; k < trajectories.count(); ++k) arrival.push_back(trajectories.last(k));
    }
    // The share of windows of n steps whose rollout is wrong by at most the margin.
    double covered(const Planner& planner, const ArrivalBound& bound, int64_t n) const {
        const data::Dataset& d = rows.data;
        const int64_t l = planner.context();
        int64_t within = 0, windows = 0;
        for (int64_t start : spread_evenly(window_starts(trajectories, arrival, 2 * l - 2 + n, l - 1 + n), 1000)) {
            const int64_t s0 = start + l - 1;
            std::vector<Bridge> one(1);
            one[0].actions.assign(d.action(s0), d.action(s0 + n));
            planner.roll_out({recorded_ends(d, start, d, s0 + n, l)}, n - 1, one);
            within += one[0].error <= nth(bound.margin, n - 1), ++windows;
        }
        REQUIRE(windows > 800);
        return double(within) / double(windows);
    }
};

}  // namespace

TEST_CASE("arrival bound: the conformal quantile is the value of rank ceil(coverage (m + 1))") {
    CHECK(conformal_quantile({5, 1, 9, 3, 7, 2, 8, 4, 6}, .9) == 9);  // ceil(.9 * 10) = 9th of nine values
    CHECK(conformal_quantile({5, 1, 9, 3, 7, 2, 8, 4, 6}, .75) == 8);
    CHECK(conformal_quantile({5, 1, 3, 2, 4}, .5) == 3);
    CHECK(conformal_quantile({1, 2, 3, 4, 5, 6, 7, 8}, .9) == std::numeric_limits<double>::infinity());
    CHECK(conformal_quantile({}, .9) == std::numeric_limits<double>::infinity());
    const double nan = std::nan("");
    CHECK(conformal_quantile({nan, 2, 1, nan, 3, 4, 5, 6, 7}, .7) == 7);
    CHECK(conformal_quantile({nan, 2, 1, nan, 3, 4, 5, 6, 7}, .8) == std::numeric_limits<double>::infinity());
    CHECK(values_for_quantile(.9) == 9);
    CHECK(values_for_quantile(.5) == 1);
    CHECK(values_for_quantile(.99) == 99);
}

TEST_CASE("arrival bound: without a margin for a length it is infinite") {
    const ArrivalBound bound{{2, std::numeric_limits<double>::infinity()}};
    Bridge bridge;
    bridge.error = .5;
    CHECK(bound.of(bridge, 1) == 2.5);
    CHECK(bound.of(bridge, 2) == std::numeric_limits<double>::infinity());
    CHECK(bound.of(bridge, 3) == std::numeric_limits<double>::infinity());
}

TEST_CASE("arrival bound: windows of other episodes are covered as often as asked, with one network and with two") {
    const Fresh calibration(21), others(22);
    for (size_t count : {1, 2}) {
        const Members members(count);
        const int64_t longest = members.s.config.planner.gap + 1;
        for (double coverage : {.9, .6}) {
            const ArrivalBound bound =
                calibrate_arrival_bound(members.s.pipeline->context(), *members.planner, calibration.trajectories,
                                        calibration.arrival, coverage, 1000);
            REQUIRE(ssize(bound.margin) == longest);
            for (int64_t n : {int64_t{1}, longest / 2, longest}) {
                CAPTURE(n);
                CHECK(std::fabs(others.covered(*members.planner, bound, n) - coverage) < .06);
            }
        }
    }
}

TEST_CASE("arrival bound: of too few windows there is no bound") {
    const Members members(1);
    const ArrivalBound bound = members.calibrate(.9, 5);
    for (double margin : bound.margin) CHECK(std::isinf(margin));
}

TEST_CASE("arrival bound: augment.bound_threshold rejects the bridges whose bound is larger, and no others") {
    Small& s = small();
    AcceptanceBounds bounds;
    bounds.arrival = bounds.largest_step = 1e9;
    bounds.arrival_bound = Members(1).calibrate(.9, 400);
    std::vector<double> of_all;
    for (const BridgeAttempt& a : s.made.attempts)
        of_all.push_back(bounds.arrival_bound.of(a.bridge, ssize(a.bridge.states) / 2));
    bounds.largest_bound = percentile(of_all, 50);
    int64_t accepted = 0, uncertain = 0;
    for (size_t i = 0; i < of_all.size(); ++i) {
        const BridgeAttempt& a = s.made.attempts[i];
        CHECK(a.arrival_bound > a.bridge.error);
        const Verdict verdict = judge(a.bridge, of_all[i], a.source_state, s.pipeline->statistics(), bounds);
        CHECK(verdict == (of_all[i] <= bounds.largest_bound ? Verdict::accepted : Verdict::uncertain));
        ++(verdict == Verdict::accepted ? accepted : uncertain);
    }
    CHECK(accepted > 0);
    CHECK(uncertain > 0);
}

TEST_CASE("true arrival errors are in the order of the accepted attempts, whatever their lengths") {
    const Statistics statistics{{1}, {1}};
    const ExactStep step = [](const std::vector<double>& states, const std::vector<double>& actions) {
        std::vector<double> next(states);
        for (size_t i = 0; i < next.size(); ++i) next[i] += actions[i];
        return next;
    };
    std::vector<BridgeAttempt> attempts(4);
    const std::vector<std::vector<float>> actions{{1, 1, 1}, {2}, {5, 5}, {1, 2}};
    for (size_t i = 0; i < attempts.size(); ++i) {
        attempts[i].bridge.actions = attempts[i].bridge.states = actions[i];
        attempts[i].source_state = {0}, attempts[i].target_state = {0};
    }
    attempts[2].verdict = Verdict::arrival;
    CHECK(true_arrival_errors(attempts, statistics, step) == std::vector<double>{3, 2, 3});
    attempts[0].target_state = {10};
    CHECK(true_arrival_errors(attempts, statistics, step) == std::vector<double>{7, 2, 3});
}
