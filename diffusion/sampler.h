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

// The noise from a prediction of x_0.
Tensor noise_from_clean(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t);

// DDIM with eta = 0 (Song, Meng & Ermon 2021): x_s = sqrt(ab_s) x_0 + sqrt(1 - ab_s) epsilon, s < t.
Tensor ddim_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t, int64_t s);

}  // namespace astro::diffusion
