// The data for the method: segments without jumps, and the statistics that serve as units.
#pragma once

#include <vector>

#include "data/dataset.h"
#include "tensor/base/rows.h"

namespace astro::method {

// A data set divided into segments: its episodes, divided again where the system jumps (teleports). Windows, travel and
// chains never cross a segment's end.
struct Trajectories {
    const data::Dataset* dataset = nullptr;
    std::vector<int64_t> first;       // (count + 1): segment k is rows [first[k], first[k + 1])
    std::vector<int32_t> segment_of;  // (rows)
    int64_t undecided = 0;            // steps that may be jumps but do not end a segment (data/jumps.h)

    int64_t count() const { return ssize(first) - 1; }
    int64_t begin(int64_t segment) const { return nth(first, segment); }
    int64_t longest() const;  // rows of the longest segment; 0 if there is none
    int64_t last(int64_t segment) const { return first[to_size(segment) + 1] - 1; }  // inclusive
    int64_t segment(int64_t row) const { return nth(segment_of, row); }
};

// Jumps are defined in data/jumps.h.
Trajectories cut_at_jumps(const data::Dataset& dataset, double factor);

// First rows t of windows whose rows up to t + last lie in one segment and whose row t + travelled is not after the
// segment's arrival. arrival: for each segment, the row where travel ends.
std::vector<int64_t> window_starts(const Trajectories& trajectories, const std::vector<int64_t>& arrival, int64_t last,
                                   int64_t travelled);

// The actions of `count` rows from `row` on, in its segment: (count, A). The last action of the segment, which leads to
// its last row, is repeated.
std::vector<float> actions_from(const Trajectories& trajectories, int64_t row, int64_t count);

// Standard deviations of differences, per dimension, in the method's units (data/units.h), over real training rows.
// share: of change_scale (tensor/base/moments.h), docs/method.md 3.2.
struct Statistics {
    std::vector<double> sigma_delta;   // of s_{t+1} - s_t
    std::vector<double> sigma_window;  // of s_{t+M+1} - s_t
};

Statistics measure(const Trajectories& trajectories, int64_t window_steps, double share);

// Episodes [first, first + count) as a separate data set.
data::Dataset take_episodes(const data::Dataset& dataset, int64_t first, int64_t count);

// Splits off the last share of the episodes (at least one); used if there is no validation file.
struct Split {
    data::Dataset train, validation;
};
Split split_validation(data::Dataset dataset, double share);  // pass with std::move: becomes the training part

}  // namespace astro::method
