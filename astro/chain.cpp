#include "astro/chain.h"

#include <algorithm>

#include "astro/seam.h"

namespace astro::method {

void Chain::append_recorded(const data::Dataset& data, int64_t first, int64_t last) {
    observations.insert(observations.end(), data.observation(first), data.observation(last + 1));
    actions.insert(actions.end(), data.action(first), data.action(last + 1));
    for (int64_t row = first; row <= last; ++row) {
        source_row.push_back(row);
        target_row.push_back(-1);
        attempt.push_back(-1);
        ends.push_back(0);
    }
}

void Chain::append_bridge(const BridgeAttempt& made, int64_t attempt_index, Seam seam) {
    const std::vector<float>& plan = made.bridge.actions;
    const int64_t ds = ssize(made.target_state), steps = ssize(made.bridge.states) / ds, da = ssize(plan) / steps;
    std::copy(plan.begin(), plan.begin() + da, actions.end() - da);
    attempt.back() = attempt_index;
    target_row.back() = made.target_row;
    const int64_t stored = seam == Seam::open ? steps : steps - 1;
    std::vector<float> state(to_size(ds));
    for (int64_t j = 0; j < stored; ++j) {
        stored_state(made.bridge, made.target_state.data(), seam, to_size(j), state.size(), state.data());
        observations.insert(observations.end(), state.begin(), state.end());
        const bool cut_here = j == steps - 1;  // seam `open`: the predicted state ends the trajectory
        for (int64_t i = 0; i < da; ++i) actions.push_back(cut_here ? 0.0f : nth(plan, (j + 1) * da + i));
        source_row.push_back(made.source_row);
        target_row.push_back(cut_here ? -1 : made.target_row);
        attempt.push_back(cut_here ? -1 : attempt_index);
        ends.push_back(cut_here ? 1 : 0);
    }
    ++bridges;
}

std::vector<int64_t> chain_starts(const TemporalMap& map, const AugmentConfig& config) {
    std::vector<int64_t> starts;
    int64_t longest = 0;
    for (int64_t k = 0; k < map.data->count(); ++k) {
        const int64_t steps = nth(map.arrival, k) - map.data->begin(k);
        if (static_cast<double>(steps) > config.start_arrival) starts.push_back(k);
        longest = std::max(longest, steps);
    }
    if (starts.empty())
        fail(ErrorKind::data, "augment: no episode travels for more than ", config.start_arrival,
             " steps, the longest for ", longest,
             longest > 0 ? text("; hint: --augment.start_arrival ", longest / 2) : kTravelHint);
    return starts;
}

}  // namespace astro::method
