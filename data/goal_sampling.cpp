#include "data/goal_sampling.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

GoalSampler::GoalSampler(const Dataset& dataset, double discount)
    : dataset_(dataset), discount_(discount), transitions_(dataset.rows - dataset.episodes()) {
    ASTRO_CHECK(discount >= 0 && discount < 1, "GoalSampler: discount ", discount, ", expected [0, 1)");
    if (transitions_ == 0) fail(ErrorKind::data, "goal sampling: the data set has no transitions");
}

int64_t GoalSampler::last_row(int64_t row) const { return dataset_.episode_end(nth(dataset_.episode_of, row)) - 1; }

int64_t GoalSampler::random_row(Rng& rng) const {
    const int64_t k = rng.below(transitions_);
    // The last row of an episode has no transition. The row of transition k is therefore k plus the number of episodes
    // before it. The episode is found by binary search, because a list of all rows with transitions would be as large
    // as the observations of a point maze. If all episodes have equal length, the first two probes find it.
    int64_t episode = 0, end = dataset_.episodes(), probe = k * end / transitions_;
    for (int probes = 0; end - episode > 1; ++probes) {
        if (probes > 1) probe = (episode + end) / 2;
        const bool here_or_later = nth(dataset_.episode_start, probe) - probe <= k;
        (here_or_later ? episode : end) = probe;
        probe += here_or_later ? 1 : -1;
    }
    return k + episode;
}

int64_t GoalSampler::geometric_goal(int64_t row, Rng& rng) const {
    return std::min(row + rng.geometric(1 - discount_), last_row(row));
}

int64_t GoalSampler::uniform_goal(int64_t row, Rng& rng) const {
    int64_t last = last_row(row);
    double first = static_cast<double>(std::min(row + 1, last)), u = rng.uniform();
    return static_cast<int64_t>(std::nearbyint(first * u + static_cast<double>(last) * (1 - u)));
}

int64_t GoalSampler::sample(int64_t row, const GoalShares& shares, Rng& rng) const {
    ASTRO_CHECK(row >= 0 && row < dataset_.rows && nth(dataset_.terminals, row) == 0, "GoalSampler: row ", row,
                " has no transition");
    ASTRO_CHECK(std::abs(shares.current + shares.trajectory + shares.random - 1) < 1e-9, "GoalSampler: shares ",
                shares.current, ", ", shares.trajectory, ", ", shares.random, " do not sum to 1");
    double kind = rng.uniform();
    if (kind < shares.current) return row;
    if (kind >= shares.current + shares.trajectory && shares.random > 0) return random_row(rng);
    return shares.geometric ? geometric_goal(row, rng) : uniform_goal(row, rng);
}

}  // namespace astro::data
