// A bound on the true arrival error of a bridge, from recorded actions on held-out rows: split conformal prediction
// [ours: docs/method.md 9.9].
#pragma once

#include <vector>

#include "astro/planner.h"

namespace astro::method {

// About a share `coverage` of rollouts of n recorded actions is wrong by at most margin[n - 1].
struct ArrivalBound {
    std::vector<double> margin;  // of n = 1..M + 1 actions, in sigma_delta; infinity where the windows are too few

    // e + margin of a bridge of n actions; infinity without a margin.
    double of(const Bridge& bridge, int64_t actions) const;
};

// The smallest of the m values that is at least as large as a share `coverage` of m + 1 values; infinity if m is too
// small for it. Values that are not finite count as infinite.
double conformal_quantile(std::vector<double> values, double coverage);
// The least number of values whose conformal_quantile is finite.
int64_t values_for_quantile(double coverage);

// data: held-out rows. At most `limit` windows of each length are used.
ArrivalBound calibrate_arrival_bound(const Context& context, const Planner& planner, const Trajectories& data,
                                     const std::vector<int64_t>& arrival, double coverage, int64_t limit);

}  // namespace astro::method
