// The seam: where a bridge meets the real state it was planned to reach, and misses it by a little.
#pragma once

#include "astro/planner.h"

namespace astro::method {

// State j of a bridge, from 0, as a data set stores it, into `out` (D). goal (D): the real target g_0.
// smear: the residual g_0 - s^_{M+1} is spread linearly over the bridge. snap and open: the arrived state as it is;
// they differ in what follows the bridge.
void stored_state(const Bridge& bridge, const float* goal, Seam seam, size_t j, size_t state_dim, float* out);

}  // namespace astro::method
