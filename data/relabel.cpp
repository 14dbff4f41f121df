#include "data/relabel.h"

#include "tensor/base/rows.h"

namespace astro::data {

TaskLabels relabel_singletask(const Dataset& dataset, const Environment& environment, const std::vector<double>& goal) {
    TaskLabels labels;
    std::vector<double> state(to_size(dataset.state_dim));
    for (int64_t row = 0; row < dataset.rows; ++row) {
        simulator_state(environment.spec(), dataset, row, state.data());
        const bool success = environment.success(state.data(), goal.data());
        labels.rewards.push_back(environment.reward ? static_cast<float>(environment.reward(state.data(), goal.data()))
                                 : success          ? 0.0f
                                                    : -1.0f);
        labels.masks.push_back(success && !environment.reward ? 0.0f : 1.0f);
        labels.successes += success && nth(dataset.terminals, row) == 0;
    }
    return labels;
}

}  // namespace astro::data
