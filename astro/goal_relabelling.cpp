#include "astro/goal_relabelling.h"

#include <algorithm>
#include <cmath>

namespace astro::method {

GoalRelabeller::GoalRelabeller(const Context& context, const RelabelConfig& config, const TemporalMap& map,
                               const std::vector<float>& latents)
    : config_(config), map_(map), landmark_of_(nearest_landmarks(context, map, latents)) {}

GoalRelabeller::Goal GoalRelabeller::draw(int64_t row, int64_t near, int64_t ahead, Rng& rng) const {
    if (rng.uniform() >= config_.share) return {};
    return weighted() ? any(row, ahead, rng) : on_the_way(row, near, rng);
}

GoalRelabeller::Goal GoalRelabeller::on_the_way(int64_t row, int64_t near, Rng& rng) const {
    const int64_t s = nth(landmark_of_, row), h = nth(landmark_of_, near);
    const double covered = distance(s, h);
    if (covered < config_.least_steps || std::isinf(covered)) return {};  // infinite: there is no path to compare with
    for (int64_t k = 0; k < config_.tries; ++k) {
        const int64_t goal = rng.below(map_.data->dataset->rows), g = nth(map_.landmark_of, goal);
        // In another component both distances are infinite, and the comparison is false.
        if (distance(s, g) - distance(h, g) >= config_.progress * covered) return {goal};
    }
    return {};
}

GoalRelabeller::Goal GoalRelabeller::any(int64_t row, int64_t ahead, Rng& rng) const {
    const int64_t goal = rng.below(map_.data->dataset->rows), g = nth(map_.landmark_of, goal);
    const double before = distance(nth(landmark_of_, row), g), after = distance(nth(landmark_of_, ahead), g);
    if (ahead == row || std::isinf(before) || std::isinf(after)) return {};
    const double progress = std::clamp((before - after) / static_cast<double>(ahead - row), -1.0, 1.0);
    return {goal, std::exp(config_.beta * (progress - 1))};
}

}  // namespace astro::method
