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
        if (map_.graph_distance(s, nth(near_state, i), g, nth(near_goal, i)) <= reach_) return;
        // In reach: the landmark from which the goal is nearest. Otherwise: the one that is nearest to the state.
        int64_t best = -1;
        double best_to_goal = HUGE_VAL, best_from_state = HUGE_VAL;
        bool in_reach = false;
        for (int64_t k = 0; k < landmarks; ++k) {
            const double to_goal = double(nth(map_.closed, k * landmarks + nth(near_goal, i)));
            if (!std::isfinite(to_goal)) continue;
            const double from_state = map_.steps(s, map_.at(nth(map_.landmark, k)));
            const bool reachable = from_state <= reach_;
            if (in_reach && !reachable) continue;
            const bool better = reachable && in_reach ? to_goal < best_to_goal : from_state < best_from_state;
            if (!(reachable && !in_reach) && !better) continue;
            in_reach = reachable, best = k, best_to_goal = to_goal, best_from_state = from_state;
        }
        if (best < 0) return;
        const float* row = d.observation(nth(map_.landmark, best));
        std::copy(row, row + d.state_dim, chosen.begin() + i * d.state_dim);
    });
    return chosen;
}

}  // namespace astro::method
