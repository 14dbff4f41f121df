// Coverage: the share of held-out states near a state of a data set, and the share of its generated states that are not
// near any recorded state (docs/method.md 11.9).
#pragma once

#include <vector>

#include "tensor/base/threads.h"

namespace astro::method {

// Distances are rms over the dimensions, in sigma_delta. Of the training rows and of the data set, the same
// number of rows is used, evenly spaced.
struct Coverage {
    double radius = 0;   // within which 90 % of the held-out states have a training row
    double covered = 0;  // share of the held-out states that have a row of the data set within the radius
    double novel = 0;    // share of its generated states without a training row within it; .1 for held-out states
};

// All sets are rows of states (n, D), one after another. Only `generated` may be empty; its share is then 0.
// made: all states of the data set; generated: those that were not recorded.
Coverage measure_coverage(ThreadPool& threads, const std::vector<float>& held_out, const std::vector<float>& known,
                          const std::vector<float>& made, const std::vector<float>& generated,
                          const std::vector<double>& sigma_delta);

}  // namespace astro::method
