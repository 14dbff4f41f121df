#include "diffusion/sampler.h"

#include "tensor/base/rows.h"

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
    const Shape shape{ssize(t)};
    return {inputs.add(shape, t), inputs.add(shape, signal), inputs.add(shape, noise)};
}

Tensor add_noise(const RowLevels& levels, const Tensor& x0, const Tensor& epsilon) {
    Shape each;
    for (int i = 0; i < x0.rank(); ++i) each.push_back(i == 0 ? levels.t.dim(0) : 1);
    return levels.signal.reshape(each) * x0 + levels.noise.reshape(each) * epsilon;
}

Tensor noise_from_clean(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t) {
    return (xt - x0 * schedule.signal(t)) * (1 / schedule.noise(t));
}

Tensor ddim_step(const NoiseSchedule& schedule, const Tensor& xt, const Tensor& x0, int64_t t, int64_t s) {
    return x0 * schedule.signal(s) + noise_from_clean(schedule, xt, x0, t) * schedule.noise(s);
}

}  // namespace astro::diffusion
