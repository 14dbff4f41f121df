// A planner with several dynamics networks: whose deviation guidance reduces, and what the members say of a bridge.
#include <doctest/doctest.h>

#include <cmath>

#include "tensor/base/scaled_rms.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

namespace {

// Two members: that of the small pipeline, and another one.
struct Ensemble {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const Statistics& statistics = s.pipeline->statistics();
    std::vector<const Dynamics*> members{&s.pipeline->dynamics(0), &s.second_dynamics()};
    std::vector<StitchEnds> ends;
    std::vector<Rng> streams;

    Ensemble() {
        ends = s.pipeline->planner().window_ends(s.pipeline->validation(), s.pipeline->tdr(),
                                                 s.pipeline->validation_map().arrival, 24);
        for (size_t i = 0; i < ends.size(); ++i) streams.push_back(Rng(4).stream(i));
    }

    // One bridge for each pair of ends, by an untrained planner, so that guidance does all of the work.
    std::vector<Bridge> sample(bool guidance_ensemble) {
        PlannerConfig config = s.config.planner;
        config.network.updates = 0;
        config.sampling.guidance_ensemble = guidance_ensemble;
        const Planner planner(s.pipeline->context(), config, map, statistics, members, s.config.dynamics, 1);
        std::vector<Bridge> bridges;
        for (const auto& best : planner.sample(ends, config.gap, 1, streams)) bridges.push_back(best[0]);
        return bridges;
    }

    // The states of a bridge's actions by one member: (M + 1, D).
    std::vector<float> states(const StitchEnds& end, const Bridge& bridge, size_t member) {
        Backend& backend = *s.backend;
        const int64_t steps = ssize(bridge.actions) / 2;
        const std::vector<float> first(end.source_states.end() - 2, end.source_states.end());
        std::vector<float> x = members[member]
                                   ->rollout(Tensor::from(backend, Shape{1, 2}, first),
                                             Tensor::from(backend, Shape{1, steps, 2}, bridge.actions), 1)
                                   .to_vector<float>();
        for (size_t i = 0; i < x.size(); ++i) x[i] += first[i % 2];
        return x;
    }

    // The mean over bridges and members of the squared arrival error.
    double square_error(const std::vector<Bridge>& bridges) {
        double sum = 0;
        for (size_t i = 0; i < bridges.size(); ++i)
            for (size_t m = 0; m < members.size(); ++m) {
                const std::vector<float> x = states(ends[i], bridges[i], m);
                const double e = scaled_rms(ends[i].target_states.data(), &x[x.size() - 2], statistics.sigma_delta);
                sum += e * e / double(bridges.size() * members.size());
            }
        return sum;
    }
};

}  // namespace

TEST_CASE("ensemble: a bridge has the mean states of the members, and their distance from it") {
    Ensemble e;
    const std::vector<Bridge> bridges = e.sample(false);
    REQUIRE(bridges.size() >= 8);
    for (size_t i = 0; i < bridges.size(); ++i) {
        const std::vector<float> a = e.states(e.ends[i], bridges[i], 0), b = e.states(e.ends[i], bridges[i], 1);
        REQUIRE(bridges[i].states.size() == a.size());
        double largest = 0;
        for (size_t j = 0; j < a.size(); j += 2) {
            double square = 0;  // two members are half of their distance away from their mean
            for (size_t x = 0; x < 2; ++x) {
                CHECK(double(bridges[i].states[j + x]) ==
                      doctest::Approx((double(a[j + x]) + double(b[j + x])) / 2).epsilon(1e-4));
                square += std::pow((double(a[j + x]) - double(b[j + x])) / 2 / e.statistics.sigma_delta[x], 2) / 2;
            }
            largest = std::max(largest, std::sqrt(square));
        }
        CHECK(bridges[i].disagreement == doctest::Approx(largest).epsilon(1e-3));
        const float* last = &bridges[i].states[a.size() - 2];
        CHECK(bridges[i].error ==
              doctest::Approx(scaled_rms(e.ends[i].target_states.data(), last, e.statistics.sigma_delta)));
    }
}

TEST_CASE("ensemble: guidance by all members reduces their mean squared arrival error more than guidance by one") {
    Ensemble e;
    const double by_one = e.square_error(e.sample(false)), by_all = e.square_error(e.sample(true));
    CHECK(by_all < .9 * by_one);
    CHECK(by_all > 0);
}
