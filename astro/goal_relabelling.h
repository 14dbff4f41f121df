// Relabelling: goals for cloning that lie beyond the end of a row's own episode [ours: docs/method.md 10.7].
//
// If a transition (s, a) leads to a later state h of its episode, then it is also a good one for every goal g for which
// h lies on the way from s. The landmark graph decides whether it does:
//   d_G(s, g) - d_G(h, g) >= progress d_G(s, h)
// By the triangle inequality the left side is at most d_G(s, h). This is the rule on-the-way. By the rule weighted, g is
// any row, and the weight of the transition grows with the progress p towards g over the next k steps:
//   w = exp(beta (p - 1)),  p = clip((d_G(s, g) - d_G(s_k, g)) / k, -1, 1)
// No row is generated and no model but the TDR is used.
#pragma once

#include "astro/config/config.h"
#include "astro/temporal_map.h"

namespace astro::method {

class GoalRelabeller {
  public:
    // latents: (rows, map.width), of the data from which transitions are drawn, recorded or generated. Goals are rows
    // of the map's data. Keeps references to map and config.
    GoalRelabeller(const Context& context, const RelabelConfig& config, const TemporalMap& map,
                   const std::vector<float>& latents);

    // The goal of a transition: a row of the map's data, or -1 to keep the hindsight goal.
    struct Goal {
        int64_t row = -1;
        double weight = 1;
    };
    // A goal for the transition of `row`, whose hindsight goal is `near`, a later row of its episode; `ahead`: the row
    // config.progress_steps later, or the last one of the episode. The hindsight goal is kept with probability 1 -
    // share. By the rule on-the-way it is also kept if `near` is closer than least_steps, or if none of the sampled
    // goals satisfies the condition; by the rule weighted, if there is no path to the drawn goal.
    Goal draw(int64_t row, int64_t near, int64_t ahead, Rng& rng) const;

    const RelabelConfig& config() const { return config_; }
    bool weighted() const { return config_.rule == RelabelRule::weighted; }

  private:
    Goal on_the_way(int64_t row, int64_t near, Rng& rng) const;
    Goal any(int64_t row, int64_t ahead, Rng& rng) const;
    double distance(int64_t landmark, int64_t other) const {  // d_G between landmarks, in steps n^
        return double(nth(map_.closed, landmark * map_.landmarks() + other));
    }

    const RelabelConfig& config_;
    const TemporalMap& map_;
    std::vector<int32_t> landmark_of_;  // (rows), the nearest landmark of each
};

}  // namespace astro::method
