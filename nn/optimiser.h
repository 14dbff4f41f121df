// Adam and AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019), learning-rate schedules and averaged weights.
#pragma once

#include <algorithm>
#include <functional>

#include "nn/module.h"
#include "nn/step.h"
#include "tensor/base/threads.h"

namespace astro::nn {

// One optimiser over one flat parameter array. weight_decay 0 is Adam; otherwise decay is decoupled (AdamW).
class Adam {
  public:
    Adam() = default;
    explicit Adam(const ParameterSet& parameters, double weight_decay = 0);

    // w -= rate * m / (sqrt(v) + 1e-8) with bias correction; the gradient is first scaled down to a norm of
    // `clip` if it is larger (0: not at all). In a step's two parts: prepare() before run(), apply() in its body, which
    // reports the gradient's norm as `name` and fails the step where that is not finite.
    void prepare(Step& step, double rate);
    void apply(Step& step, ParameterSet& parameters, const Tensor& gradient, const std::string& name, double clip = 0);

    // The same as a step by itself. Returns the gradient's norm.
    double step(ParameterSet& parameters, const Tensor& gradient, double rate, double clip = 0);

    // For checkpoints.
    Tensor first_moment, second_moment;
    int64_t steps = 0;

  private:
    double weight_decay_ = 0;
    Tensor factors_;  // of the step that is prepared: f64 (3), see Backend::adam
};

// target += rate (source - target), for the parameters of two modules of one layout; rate f64 (1).
void polyak_update(Step& step, ParameterSet& target, const ParameterSet& source, const Tensor& rate);

// Step size at update k (from 0) of n: linear warm-up, then decay from `start` to `end`.
double cosine_rate(int64_t k, int64_t n, int64_t warmup, double start, double end);
double linear_rate(int64_t k, int64_t n, double start, double end);

// Averaged weights: average += max(1 - decay, 1 / (k + 1)) (w - average) at update k (from 0).
double average_rate(int64_t k, double decay);

}  // namespace astro::nn
