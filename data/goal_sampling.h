// Hindsight goals: rows of the data set whose observation serves as the goal of another row's transition.
//
// Source: OGBench (impls/utils/datasets.py, GCDataset.sample_goals). Goals are rows that have a transition,
// so the last goal of an episode is its last row but one, as in OGBench's regular and compact data sets.
#pragma once

#include <cstdint>

#include "data/dataset.h"
#include "tensor/rng.h"

namespace astro::data {

// Shares of the three kinds; they must add up to 1.
struct GoalShares {
    double current = 0;      // the row itself
    double trajectory = 0;   // a later row of its episode
    double random = 0;       // any row of the data set
    bool geometric = false;  // trajectory goals by a geometric law (values), else uniform (actors)
};

class GoalSampler {
  public:
    // discount: of the geometric law, p = 1 - discount, mean distance 1 / p steps. The data set must outlive this.
    GoalSampler(const Dataset& dataset, double discount);

    // A row with a transition, uniformly.
    int64_t random_row(Rng& rng) const;

    // The goal row for the transition of `row`.
    int64_t sample(int64_t row, const GoalShares& shares, Rng& rng) const;

    // Row + a geometric offset (1, 2, ...), at most the last row of the episode that has a transition.
    int64_t geometric_goal(int64_t row, Rng& rng) const;
    // round(min(row + 1, last) u + last (1 - u)), u uniform: the rest of the episode, ties to even as in NumPy.
    int64_t uniform_goal(int64_t row, Rng& rng) const;

  private:
    int64_t last_row(int64_t row) const;

    const Dataset& dataset_;
    double discount_;
    int64_t transitions_;  // rows that have one
};

}  // namespace astro::data
