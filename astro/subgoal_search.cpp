#include "astro/subgoal_search.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::method {

std::vector<float> SubgoalSearch::subgoals(const std::vector<float>& states, const std::vector<float>& goals) const {
    const data::Dataset& d = *map_.data->dataset;
    const int64_t n = ssize(states) / d.state_dim, width = map_.width, landmarks = map_.landmarks();
    const std::vector<float> from = encoder_.embed(states.data(), n), to = encoder_.embed(goals.data(), n);
    const std::vector<int32_t> near_state = nearest_landmarks(context_, map_, from),
                               near_goal = nearest_landmarks(context_, map_, to);
    std::vector<float> chosen = goals;
    context_.threads.run(n, [&](int64_t i) {
        const float *s = from.data() + i * width, *g = to.data() + i * width;
        const int64_t goal = nth(near_goal, i);
        const auto to_goal = [&](int64_t k) { return double(nth(map_.closed, k * landmarks + goal)); };
        const auto from_state = [&](int64_t k) { return map_.steps(s, map_.at(nth(map_.landmark, k))); };
        if (map_.graph_distance(s, nth(near_state, i), g, goal) <= reach_ || from_state(goal) <= reach_) return;
        // Landmarks that are nearer to the goal than the state's own: in reach, the one nearest to the goal; if none
        // is in reach, the one nearest to the state.
        int64_t best = -1, nearest = -1;
        const double here = to_goal(nth(near_state, i));
        double smallest = HUGE_VAL;
        for (int64_t k = 0; k < landmarks; ++k) {
            if (!(to_goal(k) < here)) continue;
            const double away = from_state(k);
            if (away <= reach_ && (best < 0 || to_goal(k) < to_goal(best))) best = k;
            if (away < smallest) smallest = away, nearest = k;
        }
        if (best < 0) best = nearest;
        if (best < 0) return;  // no path
        const float* row = d.observation(nth(map_.landmark, best));
        std::copy(row, row + d.state_dim, chosen.begin() + i * d.state_dim);
    });
    return chosen;
}

}  // namespace astro::method
