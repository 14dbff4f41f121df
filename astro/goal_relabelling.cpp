#include "astro/goal_relabelling.h"

#include <cmath>

namespace astro::method {

GoalRelabeller::GoalRelabeller(const Context& context, const RelabelConfig& config, const TemporalMap& map,
                               const std::vector<float>& latents)
    : config_(config), map_(map), landmark_of_(nearest_landmarks(context, map, latents)) {}

int64_t GoalRelabeller::draw(int64_t row, int64_t near, Rng& rng) const {
    if (rng.uniform() >= config_.share) return -1;
    const int64_t s = nth(landmark_of_, row), h = nth(landmark_of_, near);
    const double covered = distance(s, h);
    if (covered < config_.least_steps || std::isinf(covered)) return -1;  // infinite: there is no path to compare with
    for (int64_t k = 0; k < config_.tries; ++k) {
        const int64_t goal = rng.below(map_.data->dataset->rows), g = nth(map_.landmark_of, goal);
        // In another component both distances are infinite, and the comparison is false.
        if (distance(s, g) - distance(h, g) >= config_.progress * covered) return goal;
    }
    return -1;
}

}  // namespace astro::method
