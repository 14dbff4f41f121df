// Noise schedules of variance-preserving diffusion.
//
// Noise levels go from 0 (clean data, alpha_bar = 1) to T (noise): x_t = sqrt(ab_t) x_0 + sqrt(1 - ab_t) epsilon, where
// ab_t is alpha_bar[t].
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/base/rows.h"

namespace astro::diffusion {

enum class ScheduleKind { cosine, linear };

struct NoiseSchedule {
    std::vector<double> alpha_bar;  // (T + 1), alpha_bar[0] = 1, decreasing, at least 1e-5

    int64_t steps() const { return ssize(alpha_bar) - 1; }
    double signal(int64_t t) const;  // sqrt(ab_t)
    double noise(int64_t t) const;   // sqrt(1 - ab_t)
};

// cosine: ab(t) = f(t)/f(0), f = cos^2((t/T + .008)/1.008 pi/2) (Nichol & Dhariwal 2021).
// linear: ln ab(t) = -(19.9/2) (t/T)^2 - .1 (t/T), the continuous VP schedule with betas .1 to 20 (Song et al. 2021).
NoiseSchedule make_schedule(ScheduleKind kind, int64_t steps);

// The N + 1 noise levels of a sampler with N steps, from T down to 0: round(T k / N). steps: T, samples: N.
std::vector<int64_t> sampler_levels(int64_t steps, int64_t samples);

}  // namespace astro::diffusion
