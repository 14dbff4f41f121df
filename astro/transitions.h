// Networks that predict one step, f([s | a]) ~ (s' - s) / sigma_delta, or its action, and how they learn from single
// transitions. Shared by the recurrent dynamics model, the one-step models and straight bridges.
#pragma once

#include <vector>

#include "astro/trajectories.h"
#include "nn/layers.h"
#include "nn/train_step.h"

namespace astro::method {

// Rows that have a successor in their segment.
std::vector<int64_t> rows_with_successor(const Trajectories& trajectories);

// An MLP [s | a] -> (s' - s) / sigma_delta, (n, D + A) -> (n, D). The activation thresholds of its first layer pass
// through some of these rows (docs/method.md 3.4).
nn::Mlp make_one_step_network(const nn::Maker& make, const data::Dataset& dataset, const std::vector<int64_t>& rows,
                              int64_t layers, int64_t width);

// The inverse: an MLP [s | (s' - s) / sigma_delta] -> a, (n, 2 D) -> (n, A).
nn::Mlp make_inverse_network(const nn::Maker& make, const data::Dataset& dataset, const std::vector<int64_t>& rows,
                             const std::vector<double>& sigma_delta, int64_t layers, int64_t width);

// A minibatch of transitions: [s | a] (B, D + A) and (s' - s) / sigma_delta (B, D).
struct Transitions {
    Tensor input, change;
};
// Draws `batch` of the rows, with repetition, as inputs of a step.
Transitions draw_transitions(nn::Step& step, const data::Dataset& dataset, const std::vector<int64_t>& rows,
                             int64_t batch, const std::vector<double>& sigma_delta, Rng rng);

// The chunk's share of the mean over rows and dimensions of (predicted - actual)^2. Both (n, D): changes of the state;
// or (n, A): actions.
Tensor one_step_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& actual);

}  // namespace astro::method
