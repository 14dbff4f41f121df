#include "astro/learners/actor.h"

#include <cmath>

namespace astro::method::learners {

Tensor state_of(const Tensor& input) { return slice(input, 1, 0, input.dim(1) / 2); }

Tensor goal_of(const Tensor& input) { return slice(input, 1, input.dim(1) / 2, input.dim(1) / 2); }

Tensor with_goal(const Tensor& state, const Tensor& goal) { return concat({state, goal}, 1); }

Tensor scaled_to_length(const Tensor& x) {
    const Tensor squares = sum(square(x), 1).reshape(Shape{x.dim(0), 1});
    return x * std::sqrt(static_cast<double>(x.dim(1))) / sqrt(clamp(squares, 1e-12, HUGE_VAL));
}

Tensor hierarchical_action(const HighActor& high, const Actor& low, const Tensor& input) {
    return low(with_goal(state_of(input), high(input)));
}

}  // namespace astro::method::learners
