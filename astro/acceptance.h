// Acceptance of bridges: bounds measured on real data, and the verdict on each bridge [ours: docs/method.md 9.1].
#pragma once

#include <limits>
#include <vector>

#include "astro/arrival_bound.h"
#include "astro/config/config.h"
#include "astro/trajectories.h"

namespace astro::method {

enum class Verdict { accepted, arrival, implausible, disagreement, uncertain };
inline constexpr size_t kVerdicts = static_cast<size_t>(Verdict::uncertain) + 1;
const char* verdict_name(Verdict verdict);

// Upper bounds for an accepted bridge.
struct AcceptanceBounds {
    double arrival = 0;                                              // arrival error e, in sigma_delta
    double largest_step = 0;                                         // max |component of a step| / sigma_delta
    double disagreement = 0;                                         // between ensemble members; infinity for one
    double largest_bound = std::numeric_limits<double>::infinity();  // of arrival_bound, in sigma_delta
    ArrivalBound arrival_bound;
};

// All but arrival_bound. data: the real training rows. validation_bridges: candidates for each held-out window, sorted
// by arrival error; their disagreement is read only if ensemble > 1.
AcceptanceBounds measure_bounds(const AugmentConfig& config, const Trajectories& data, const Statistics& statistics,
                                const std::vector<std::vector<Bridge>>& validation_bridges, int64_t ensemble);

// arrival_bound: the bridge's, by bounds.arrival_bound. source_state (D): the state that the bridge starts from. The
// verdict names the first bound that is exceeded.
Verdict judge(const Bridge& bridge, double arrival_bound, const std::vector<float>& source_state,
              const Statistics& statistics, const AcceptanceBounds& bounds);

}  // namespace astro::method
