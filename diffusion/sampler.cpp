#include "diffusion/sampler.h"

#include <algorithm>
#include <cmath>

namespace astro::diffusion {

RowLevels RowLevels::rows(int64_t first, int64_t count) const {
    return {t.rows(first, count), signal.rows(first, count), noise.rows(first, count)};
}

RowLevels row_levels(nn::Inputs& inputs, const NoiseSchedule& schedule, const std::vector<int64_t>& t) {
    std::vector<float> signal, noise;
    for (int64_t level : t) {
        signal.push_back(static_cast<float>(schedule.signal(level)));
        noise.push_back(static_cast<float>(schedule.noise(level)));
    }
    const Shape shape{static_cast<int64_t>(t.size())};
    return {inputs.add(shape, t), inputs.add(shape, signal), inputs.add(shape, noise)};
}

Tensor add_noise(const RowLevels& levels, const Tensor& x0, const Tensor& epsilon) {
    Shape each;
    for (int i = 0; i < x0.rank(); ++i) each.push_back(i == 0 ? levels.t.dim(0) : 1);
    return levels.signal.reshape(each) * x0 + levels.noise.reshape(each) * epsilon;
}

Tensor clean_from_noise(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& epsilon, int64_t t) {
    return (xt - epsilon * schedule.noise(t)) * (1 / schedule.signal(t));
}

Tensor noise_from_clean(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t) {
    return (xt - x0 * schedule.signal(t)) * (1 / schedule.noise(t));
}

Tensor ddim_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t, int64_t s) {
    return x0 * schedule.signal(s) + noise_from_clean(schedule, xt, x0, t) * schedule.noise(s);
}

Tensor ancestral_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, const Tensor& noise,
                      int64_t t) {
    const double ab = schedule.alpha_bar[static_cast<size_t>(t)],
                 before = schedule.alpha_bar[static_cast<size_t>(t - 1)];
    const double beta = std::min(1 - ab / before, 0.999);
    Tensor mean = x0 * (std::sqrt(before) * beta / (1 - ab)) + xt * (std::sqrt(1 - beta) * (1 - before) / (1 - ab));
    return mean + noise * std::sqrt(beta * (1 - before) / (1 - ab));
}

}  // namespace astro::diffusion
