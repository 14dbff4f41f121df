// The seam: how a bridge that misses its real target state by a small residual is joined to it [ours: docs/method.md
// 9.2].
#pragma once

#include "astro/bridge.h"
#include "astro/config/augmenters.h"

namespace astro::method {

// State j of a bridge, from 0, as stored in a data set, into `out` (D). goal (D): the real target g_0. smear: the
// residual g_0 - s^_{M+1} is spread linearly over the bridge. snap and open: the predicted state unchanged; they differ
// in what follows the bridge.
void stored_state(const Bridge& bridge, const float* goal, Seam seam, size_t j, size_t state_dim, float* out);

}  // namespace astro::method
