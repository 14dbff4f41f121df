// Adding noise, and sampler steps from level t to a lower level, given the denoiser's estimate of the clean data.
#pragma once

#include "diffusion/noise_schedule.h"
#include "nn/step.h"
#include "tensor/ops.h"

namespace astro::diffusion {

// The noise level of each row of a batch, in device memory.
struct RowLevels {
    Tensor t;              // i64 (B)
    Tensor signal, noise;  // (B): sqrt(ab_t), sqrt(1 - ab_t)
    RowLevels rows(int64_t first, int64_t count) const;
};
RowLevels row_levels(nn::Inputs& inputs, const NoiseSchedule& schedule, const std::vector<int64_t>& t);

// Adds noise with an individual level per row; x0 and epsilon: (B, ...).
Tensor add_noise(const RowLevels& levels, const Tensor& x0, const Tensor& epsilon);

// The estimate of x_0 from a prediction of the noise, and the converse.
Tensor clean_from_noise(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& epsilon, int64_t t);
Tensor noise_from_clean(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t);

// DDIM with eta = 0 (Song, Meng & Ermon 2021): x_s = sqrt(ab_s) x_0 + sqrt(1 - ab_s) epsilon, s < t.
Tensor ddim_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t, int64_t s);

// Ancestral step t -> t - 1 (Ho, Jain & Abbeel 2020) with beta_t = min(1 - ab_t / ab_{t-1}, .999), alpha_t = 1 -
// beta_t: mean (sqrt(ab_{t-1}) beta_t x_0 + sqrt(alpha_t) (1 - ab_{t-1}) x_t) / (1 - ab_t), variance beta_t (1 -
// ab_{t-1}) / (1 - ab_t). `noise` is N(0, 1).
Tensor ancestral_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, const Tensor& noise,
                      int64_t t);

}  // namespace astro::diffusion
