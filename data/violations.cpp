#include "data/violations.h"

#include <algorithm>
#include <cmath>

namespace astro::data {

ViolationCounter::ViolationCounter(const std::vector<double>& tolerances)
    : tolerances_(tolerances), violating_transitions_(tolerances.size()), violating_bridges_(tolerances.size()) {}

void ViolationCounter::transition(double error) {
    if (std::isnan(error)) error = HUGE_VAL;
    ++transitions_;
    worst_ = std::max(worst_, error);
    for (size_t k = 0; k < tolerances_.size(); ++k) violating_transitions_[k] += error > tolerances_[k];
}

void ViolationCounter::bridge(double worst) {
    if (std::isnan(worst)) worst = HUGE_VAL;
    ++bridges_;
    for (size_t k = 0; k < tolerances_.size(); ++k) violating_bridges_[k] += worst > tolerances_[k];
}

void ViolationCounter::end_bridge() {
    bridge(worst_);
    worst_ = 0;
}

ViolationRates ViolationCounter::rates() const {
    const auto share = [](int64_t part, int64_t all) {
        return all ? static_cast<double>(part) / static_cast<double>(all) : 0;
    };
    ViolationRates r;
    r.tolerance = tolerances_, r.transitions = transitions_, r.bridges = bridges_;
    for (size_t k = 0; k < tolerances_.size(); ++k) {
        r.transition.push_back(share(violating_transitions_[k], transitions_));
        r.bridge.push_back(share(violating_bridges_[k], bridges_));
    }
    return r;
}

}  // namespace astro::data
