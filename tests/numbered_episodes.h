// Data in which each state contains its episode and step, for tests of sampling.
#pragma once

#include "data/dataset.h"

namespace astro {

// Four episodes of ten rows; state (episode, step), action 0.
inline data::Dataset numbered_episodes() {
    data::Dataset d;
    d.rows = 40, d.state_dim = 2, d.action_dim = 1;
    for (int64_t t = 0; t < d.rows; ++t) {
        d.observations.push_back(float(t / 10)), d.observations.push_back(float(t % 10));
        d.actions.push_back(0);
        d.terminals.push_back(t % 10 == 9);
    }
    data::index_episodes(d);
    return d;
}

}  // namespace astro
