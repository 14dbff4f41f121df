// Relabelling: goals for cloning that lie beyond the end of a row's own episode [ours: docs/method.md 10.7].
//
// If a transition (s, a) leads to a later state h of its episode, then it is also a good one for every goal g for which
// h lies on the way from s. The landmark graph decides whether it does:
//   d_G(s, g) - d_G(h, g) >= progress d_G(s, h)
// By the triangle inequality the left side is at most d_G(s, h). No row is generated and no model but the TDR is used.
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

    // A goal for the transition of `row`, whose hindsight goal is `near`, a later row of its episode. Returns a row of
    // the map's data, or -1 to keep the hindsight goal: with probability 1 - share, if `near` is closer than
    // least_steps, or if none of the sampled goals satisfies the condition.
    int64_t draw(int64_t row, int64_t near, Rng& rng) const;

  private:
    double distance(int64_t landmark, int64_t other) const {  // d_G between landmarks, in steps n^
        return double(nth(map_.closed, landmark * map_.landmarks() + other));
    }

    const RelabelConfig& config_;
    const TemporalMap& map_;
    std::vector<int32_t> landmark_of_;  // (rows), the nearest landmark of each
};

}  // namespace astro::method
