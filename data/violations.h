// Counts violations of the dynamics (docs/method.md 11.4). The error of a transition is e = rms((s* - s') /
// sigma_delta); it violates at kappa if e > kappa, and a bridge does if any of its transitions does.
#pragma once

#include <cstdint>
#include <vector>

namespace astro::data {

struct ViolationRates {
    std::vector<double> tolerance, transition, bridge;  // kappas and the share of violations at each
    int64_t transitions = 0, bridges = 0;
};

class ViolationCounter {
  public:
    explicit ViolationCounter(const std::vector<double>& tolerances);

    void transition(double error);  // an error that is not a number violates at every tolerance
    void bridge(double worst);      // a bridge with this largest error
    void end_bridge();              // a bridge of the transitions since the last call

    ViolationRates rates() const;

  private:
    std::vector<double> tolerances_;
    std::vector<int64_t> violating_transitions_, violating_bridges_;
    int64_t transitions_ = 0, bridges_ = 0;
    double worst_ = 0;  // of the current bridge
};

}  // namespace astro::data
