// Open-loop error: how far the states that a model predicts from a first state and a sequence of actions are from the
// recorded ones (docs/method.md 11.3).
#pragma once

#include <functional>
#include <vector>

#include "astro/training.h"
#include "astro/trajectories.h"

namespace astro::method {

// First rows of at most `limit` windows of `horizon` steps that start during travel, evenly spaced.
std::vector<int64_t> open_loop_windows(const Trajectories& data, const std::vector<int64_t>& arrival, int64_t horizon,
                                       int64_t limit);

// Displacements s^_{j+1} - s_0 (n, H, D) that a model predicts for windows with first states (n, D) and actions
// (n, H, A). Called by several threads.
using OpenLoopPrediction = std::function<std::vector<float>(const Tensor& first, const Tensor& actions)>;
// Standing still, the prediction that every model has to beat.
std::vector<float> persistence(const Tensor& first, const Tensor& actions);

// Root-mean-square errors over windows and dimensions, in sigma_delta: one for each of the steps 1..horizon. Not a
// number if there are no windows.
std::vector<double> open_loop_rmse(const Context& context, const Trajectories& data, const std::vector<int64_t>& starts,
                                   int64_t horizon, const std::vector<double>& sigma_delta,
                                   const OpenLoopPrediction& predict);

// Which of several models, by their errors, are far worse than most: more than 1.5 times the median, or not finite.
// Their indices; none if all errors are not finite.
std::vector<int64_t> far_worse(std::vector<double> errors);

}  // namespace astro::method
