// Hindsight goals: the observation of one row serves as the goal for the transition of another row.
//
// Source: OGBench (impls/utils/datasets.py, GCDataset.sample_goals). Goals are rows that have a transition. The last
// goal of an episode is therefore its second-to-last row, as in OGBench's regular and compact data sets.
#pragma once

#include <algorithm>
#include <cstdint>

#include "data/dataset.h"
#include "tensor/rng.h"

namespace astro::data {

// Shares of the three kinds of goals. They must sum to 1.
struct GoalShares {
    double current = 0;      // the row itself
    double trajectory = 0;   // a later row of its episode
    double random = 0;       // any row of the data set
    bool geometric = false;  // distribution of trajectory goals: geometric (values) or uniform (actors)
};

class GoalSampler {
  public:
    // discount: the geometric distribution has p = 1 - discount and mean 1 / p steps. Keeps a reference to the data
    // set.
    GoalSampler(const Dataset& dataset, double discount);

    // A uniformly drawn row that has a transition.
    int64_t random_row(Rng& rng) const;

    // The goal row for the transition of `row`.
    int64_t sample(int64_t row, const GoalShares& shares, Rng& rng) const;

    // row plus a geometric offset (1, 2, ...), at most `last`, the last row of the episode that has a transition.
    int64_t geometric_goal(int64_t row, Rng& rng) const;
    // round(min(row + 1, last) u + last (1 - u)) with u uniform in [0, 1); ties are rounded to even, as in NumPy.
    int64_t uniform_goal(int64_t row, Rng& rng) const;

    // The row `steps` ahead of `row`, at most `last`.
    int64_t ahead(int64_t row, int64_t steps) const { return std::min(row + steps, last_row(row)); }

  private:
    int64_t last_row(int64_t row) const;

    const Dataset& dataset_;
    double discount_;
    int64_t transitions_;  // number of transitions in the data set
};

}  // namespace astro::data
