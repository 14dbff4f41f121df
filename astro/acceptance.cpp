#include "astro/acceptance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/base/percentile.h"

namespace astro::method {

namespace {

// The largest absolute component of one step, in sigma_delta.
double largest_component(const float* before, const float* after, const std::vector<double>& sigma_delta) {
    double largest = 0;
    for (size_t i = 0; i < sigma_delta.size(); ++i)
        largest = std::max(largest, std::fabs(double(after[i]) - double(before[i])) / sigma_delta[i]);
    return largest;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::accepted:
            return "accepted";
        case Verdict::arrival:
            return "arrival";
        case Verdict::implausible:
            return "implausible";
        case Verdict::disagreement:
            return "disagreement";
        case Verdict::uncertain:
            return "uncertain";
    }
    return "?";
}

AcceptanceBounds measure_bounds(const AugmentConfig& config, const Trajectories& data, const Statistics& statistics,
                                const std::vector<std::vector<Bridge>>& validation_bridges, int64_t ensemble) {
    const data::Dataset& d = *data.dataset;
    std::vector<double> largest;
    for (int64_t t = 0; t + 1 < d.rows; ++t)
        if (data.segment(t) == data.segment(t + 1))
            largest.push_back(largest_component(d.observation(t), d.observation(t + 1), statistics.sigma_delta));
    AcceptanceBounds bounds;
    bounds.arrival = config.accept_threshold;
    bounds.largest_step = config.plausibility * percentile(std::move(largest), config.plausibility_percentile);
    if (config.bound_threshold > 0) bounds.largest_bound = config.bound_threshold;
    bounds.disagreement = std::numeric_limits<double>::infinity();
    if (ensemble > 1) {
        std::vector<double> disagreement;
        for (const auto& candidates : validation_bridges)
            if (!candidates.empty()) disagreement.push_back(candidates[0].disagreement);
        if (!disagreement.empty())
            bounds.disagreement = percentile(std::move(disagreement), config.disagreement_percentile);
    }
    return bounds;
}

Verdict judge(const Bridge& bridge, double arrival_bound, const std::vector<float>& source_state,
              const Statistics& statistics, const AcceptanceBounds& bounds) {
    if (!(bridge.error <= bounds.arrival)) return Verdict::arrival;
    const size_t ds = source_state.size();
    const float* before = source_state.data();
    for (size_t at = 0; at < bridge.states.size(); at += ds) {
        const float* after = bridge.states.data() + at;
        if (largest_component(before, after, statistics.sigma_delta) > bounds.largest_step) return Verdict::implausible;
        before = after;
    }
    if (!(bridge.disagreement <= bounds.disagreement)) return Verdict::disagreement;
    return arrival_bound <= bounds.largest_bound ? Verdict::accepted : Verdict::uncertain;
}

}  // namespace astro::method
