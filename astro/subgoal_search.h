// Search at test time: a goal-conditioned policy follows subgoals along the landmark graph. It needs no synthetic data
// and is the baseline for stitching [idea: search on the replay buffer, Eysenbach et al., NeurIPS 2019;
// rule and graph: ours, docs/method.md 11.10].
//
//   subgoal(s, g) = g   if d_G(s, g) <= reach, or if the landmark nearest to g is in reach
//                 = argmin_x d_G(x, g) over landmarks x with n^(s, x) <= reach and d_G(x, g) < d_G(s, g), else
#pragma once

#include <vector>

#include "astro/temporal_distance.h"
#include "astro/temporal_map.h"

namespace astro::method {

// After the name of an arm in keys of results and files: its policies, led by subgoals.
constexpr const char* kLedSuffix = "+subgoals";
constexpr const char* kLedLabel = "led by subgoals at test time";

class SubgoalSearch {
  public:
    // reach: the farthest subgoal, in steps n^.
    SubgoalSearch(const Context& context, const TemporalDistance& encoder, const TemporalMap& map, double reach)
        : context_(context), encoder_(encoder), map_(map), reach_(reach) {}

    // The next subgoal of each state on its way to its goal: a row of the training data, or the goal itself. All arrays
    // (n, D), in the method's units. If no such landmark is in reach, the nearest one is taken; if no path, the goal.
    std::vector<float> subgoals(const std::vector<float>& states, const std::vector<float>& goals) const;

  private:
    Context context_;
    const TemporalDistance& encoder_;
    const TemporalMap& map_;
    double reach_;
};

}  // namespace astro::method
