#include "astro/learners/gaussian_policy.h"

namespace astro::method::learners {

Tensor largest(const Tensor& x) {
    Tensor y = slice(x, 1, 0, 1);
    for (int64_t i = 1; i < x.dim(1); ++i) y = -minimum(-y, -slice(x, 1, i, 1));
    return y.reshape(Shape{x.dim(0)});
}

GaussianPolicy::Gaussian GaussianPolicy::at(const Tensor& input) const {
    const Tensor out = net(input);
    const int64_t da = out.dim(1) / 2;
    return {slice(out, 1, 0, da), clamp(slice(out, 1, da, da) * multiplier + offset, -20, 2)};
}

GaussianPolicy::Gaussian GaussianPolicy::Gaussian::repeat(int64_t n) const {
    return {repeat_inputs(mean, n), repeat_inputs(log_std, n)};
}

GaussianPolicy::Sample GaussianPolicy::Gaussian::sample(const Tensor& noise) const {
    const Tensor u = mean + exp(log_std) * noise;
    // log N(u) - log |d tanh(u)/du|, with log(1 - tanh^2 u) = 2 (ln 2 - u - softplus(-2u))
    const Tensor log_p = affine(square(noise), -0.5, -0.9189385332046727) - log_std -
                         affine(u + softplus(u * -2.0), -2.0, 1.3862943611198906);
    return {tanh(u), sum(log_p, 1)};
}

}  // namespace astro::method::learners
