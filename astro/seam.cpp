#include "astro/seam.h"

#include <algorithm>

namespace astro::method {

void stored_state(const Bridge& bridge, const float* goal, Seam seam, size_t j, size_t state_dim, float* out) {
    const size_t steps = bridge.states.size() / state_dim;
    const float* state = bridge.states.data() + j * state_dim;
    const float* arrived = bridge.states.data() + (steps - 1) * state_dim;
    if (seam != Seam::smear) {
        std::copy(state, state + state_dim, out);
        return;
    }
    const float share = static_cast<float>(j + 1) / static_cast<float>(steps);
    for (size_t i = 0; i < state_dim; ++i) out[i] = state[i] + share * (goal[i] - arrived[i]);
}

}  // namespace astro::method
