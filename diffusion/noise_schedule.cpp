#include "diffusion/noise_schedule.h"

#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::diffusion {

double NoiseSchedule::signal(int64_t t) const { return std::sqrt(nth(alpha_bar, t)); }
double NoiseSchedule::noise(int64_t t) const { return std::sqrt(1 - nth(alpha_bar, t)); }

NoiseSchedule make_schedule(ScheduleKind kind, int64_t steps) {
    ASTRO_CHECK(steps >= 1, "make_schedule: at least one step is needed, got ", steps);
    NoiseSchedule schedule;
    auto cosine = [](double u) {
        const double c = std::cos((u + 0.008) / 1.008 * 1.5707963267948966);
        return c * c;
    };
    for (int64_t t = 0; t <= steps; ++t) {
        const double u = static_cast<double>(t) / static_cast<double>(steps);
        double ab = kind == ScheduleKind::cosine ? cosine(u) / cosine(0) : std::exp(-19.9 / 2 * u * u - 0.1 * u);
        schedule.alpha_bar.push_back(ab < 1e-5 ? 1e-5 : ab);
    }
    return schedule;
}

std::vector<int64_t> sampler_levels(int64_t steps, int64_t samples) {
    ASTRO_CHECK(samples >= 1 && samples <= steps, "sampler_levels: ", samples, " samples of ", steps, " steps");
    std::vector<int64_t> levels;
    for (int64_t k = samples; k >= 0; --k)
        levels.push_back(
            std::llround(static_cast<double>(steps) * static_cast<double>(k) / static_cast<double>(samples)));
    return levels;
}

}  // namespace astro::diffusion
