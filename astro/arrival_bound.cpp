#include "astro/arrival_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The rank, from 1, of the conformal quantile among so many values; above `count` if they are too few.
int64_t quantile_rank(int64_t count, double coverage) {
    return static_cast<int64_t>(std::ceil(coverage * static_cast<double>(count + 1)));
}

// Errors of rollouts of recorded windows of n steps: each window is a bridge to the state where it really arrives, so
// its arrival error is the error of the rollout.
std::vector<double> rollout_errors(const Context& context, const Planner& planner, const Trajectories& data,
                                   const std::vector<int64_t>& arrival, int64_t n, int64_t limit) {
    const data::Dataset& d = *data.dataset;
    const int64_t l = planner.context();
    const std::vector<int64_t> starts = spread_evenly(window_starts(data, arrival, 2 * l - 2 + n, l - 1 + n), limit);
    std::vector<double> errors(starts.size());
    constexpr int64_t kPiece = 16;
    context.threads.run((ssize(starts) + kPiece - 1) / kPiece, [&](int64_t p) {
        const int64_t first = p * kPiece, count = std::min(kPiece, ssize(starts) - first);
        std::vector<StitchEnds> ends;
        std::vector<Bridge> bridges(to_size(count));
        for (int64_t i = 0; i < count; ++i) {
            const int64_t start = nth(starts, first + i), s0 = start + l - 1;
            ends.push_back(recorded_ends(d, start, d, s0 + n, l));
            nth(bridges, i).actions.assign(d.action(s0), d.action(s0 + n));
        }
        planner.roll_out(ends, n - 1, bridges);
        for (int64_t i = 0; i < count; ++i) nth(errors, first + i) = nth(bridges, i).error;
    });
    return errors;
}

}  // namespace

double ArrivalBound::of(const Bridge& bridge, int64_t actions) const {
    return actions > ssize(margin) ? kInfinity : bridge.error + nth(margin, actions - 1);
}

double conformal_quantile(std::vector<double> values, double coverage) {
    for (double& x : values)
        if (!std::isfinite(x)) x = kInfinity;
    const int64_t rank = quantile_rank(ssize(values), coverage);
    return rank > ssize(values) ? kInfinity : order_statistic(std::move(values), rank - 1);
}

int64_t values_for_quantile(double coverage) {
    int64_t count = 1;
    while (quantile_rank(count, coverage) > count) ++count;
    return count;
}

ArrivalBound calibrate_arrival_bound(const Context& context, const Planner& planner, const Trajectories& data,
                                     const std::vector<int64_t>& arrival, double coverage, int64_t limit) {
    ArrivalBound bound;
    for (int64_t n = 1; n <= planner.config().gap + 1; ++n)
        bound.margin.push_back(conformal_quantile(rollout_errors(context, planner, data, arrival, n, limit), coverage));
    return bound;
}

}  // namespace astro::method
