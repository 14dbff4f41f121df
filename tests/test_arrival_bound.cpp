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
    std::unique_ptr<Dynamics> other = make_dynamics(s.pipeline->context(), s.config.dynamics, s.pipeline->horizon(),
                                                    s.pipeline->map(), s.pipeline->statistics(), 77, 1);
    std::unique_ptr<Planner> planner;

    explicit Members(size_t count) {
        Small::train(*other);
        std::vector<const Dynamics*> members{&s.pipeline->dynamics(0), other.get()};
        members.resize(count);
        planner = std::make_unique<Planner>(s.pipeline->context(), s.config.planner, s.pipeline->map(),
                                            s.pipeline->statistics(), members, s.config.dynamics, 1);
    }
    ArrivalBound calibrate(double coverage, int64_t limit) const {
        return calibrate_arrival_bound(s.pipeline->context(), *planner, s.pipeline->validation(),
                                       s.pipeline->validation_map().arrival, coverage, limit);
    }
    // The share of windows of n steps of training rows, which the bound has not seen, that it covers.
    double coverage(const ArrivalBound& bound, int64_t n) const {
        const data::Dataset& d = s.pipeline->train_data();
        const int64_t l = planner->context();
        int64_t covered = 0, windows = 0;
        for (int64_t start : spread_evenly(
                 window_starts(s.pipeline->train(), s.pipeline->map().arrival, 2 * l - 2 + n, l - 1 + n), 400)) {
            const int64_t s0 = start + l - 1;
            std::vector<Bridge> one(1);
            one[0].actions.assign(d.action(s0), d.action(s0 + n));
            planner->roll_out({recorded_ends(d, start, d, s0 + n, l)}, n - 1, one);
            const double error = one[0].error;
            one[0].error = 0;  // what remains is the margin
            covered += error <= bound.of(one[0], n), ++windows;
        }
        REQUIRE(windows >= 200);
        return double(covered) / double(windows);
    }
};

}  // namespace

TEST_CASE("arrival bound: the conformal quantile is the value of rank ceil(coverage (m + 1))") {
    CHECK(conformal_quantile({5, 1, 9, 3, 7, 2, 8, 4, 6}, .9) == 9);  // ceil(.9 * 10) = 9th of nine values
    CHECK(conformal_quantile({5, 1, 9, 3, 7, 2, 8, 4, 6}, .75) == 8);
    CHECK(conformal_quantile({5, 1, 3, 2, 4}, .5) == 3);
    CHECK(conformal_quantile({1, 2, 3, 4, 5, 6, 7, 8}, .9) == std::numeric_limits<double>::infinity());
    CHECK(conformal_quantile({}, .9) == std::numeric_limits<double>::infinity());
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

TEST_CASE("arrival bound: other rows are covered as often as asked, with one network and with two") {
    for (size_t count : {1, 2}) {
        const Members members(count);
        const int64_t longest = members.s.config.planner.gap + 1;
        for (double coverage : {.9, .6}) {
            const ArrivalBound bound = members.calibrate(coverage, 400);
            REQUIRE(ssize(bound.margin) == longest);
            // Windows of one episode are alike, so the share varies more than that of independent windows.
            for (int64_t n : {int64_t{1}, longest})
                CHECK(members.coverage(bound, n) == doctest::Approx(coverage).epsilon(.1));
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
    bounds.true_arrival = percentile(of_all, 50);
    int64_t accepted = 0, uncertain = 0;
    for (size_t i = 0; i < of_all.size(); ++i) {
        const BridgeAttempt& a = s.made.attempts[i];
        CHECK(a.arrival_bound > a.bridge.error);
        const Verdict verdict = judge(a.bridge, a.source_state, s.pipeline->statistics(), bounds);
        CHECK(verdict == (of_all[i] <= bounds.true_arrival ? Verdict::accepted : Verdict::uncertain));
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
