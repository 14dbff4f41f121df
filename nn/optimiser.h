// Adam and AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019), learning-rate schedules and averaged weights.
#pragma once

#include <algorithm>
#include <functional>

#include "nn/module.h"
#include "nn/step.h"
#include "tensor/base/threads.h"

namespace astro::nn {

// An optimiser for one flat parameter array: Adam if weight_decay is 0, otherwise AdamW (decoupled weight decay).
class Adam {
  public:
    Adam() = default;
    explicit Adam(const ParameterSet& parameters, double weight_decay = 0);

    // w -= rate * m / (sqrt(v) + 1e-8) with bias correction. If the gradient norm exceeds `clip`, the gradient is first
    // scaled down to that norm; 0 disables clipping. Call prepare() before Step::run() and apply() in the body of the
    // step. apply() reports the gradient norm as `name`; the step fails if it is not finite.
    void prepare(Step& step, double rate);
    void apply(Step& step, ParameterSet& parameters, const Tensor& gradient, const std::string& name, double clip = 0);

    // The same update outside of a Step. Returns the gradient norm.
    double step(ParameterSet& parameters, const Tensor& gradient, double rate, double clip = 0);

    // For checkpoints.
    Tensor first_moment, second_moment;
    int64_t steps = 0;

  private:
    double weight_decay_ = 0;
    Tensor factors_;  // of the prepared step: f64 (3), see Backend::adam
};

// target += rate * (source - target), for the parameters of two modules with the same layout; rate: f64 (1).
void polyak_update(Step& step, ParameterSet& target, const ParameterSet& source, const Tensor& rate);

// Learning rate of update k = 0, 1, ... of n. Both schedules go from `start` to `end`; cosine_rate is multiplied by a
// linear warm-up over the first `warmup` updates.
double cosine_rate(int64_t k, int64_t n, int64_t warmup, double start, double end);
double linear_rate(int64_t k, int64_t n, double start, double end);

// Rate for averaged weights: average += max(1 - decay, 1 / (k + 1)) * (w - average) at update k = 0, 1, ...
double average_rate(int64_t k, double decay);

}  // namespace astro::nn
