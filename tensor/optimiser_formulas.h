// The update formulas of one parameter, shared by all backends.
#pragma once

#include <cmath>

#include "tensor/backend.h"
#include "tensor/host_device.h"

namespace astro {

// One step of Adam with decoupled weight decay.
template <class T>
struct AdamStep {
    T beta1, beta2, epsilon, rate, decay, root, scale;

    // factors, norm: see Backend::adam.
    ASTRO_HOST_DEVICE AdamStep(const AdamConstants& c, const double* factors, double norm)
        : beta1(T(c.beta1)),
          beta2(T(c.beta2)),
          epsilon(T(c.epsilon)),
          rate(T(factors[0])),
          decay(T(factors[1])),
          root(T(factors[2])),
          scale(c.clip > 0 && norm > c.clip ? T(c.clip) / (T(norm) + T(1e-6)) : T(1)) {}

    // gradient, parameter, first and second moment
    ASTRO_HOST_DEVICE void operator()(T gradient, T& w, T& m, T& v) const {
        const T g = gradient * scale;
        const T first = beta1 * m + (1 - beta1) * g, second = beta2 * v + (1 - beta2) * g * g;
        m = first, v = second;
        w = w * decay - rate * first / (std::sqrt(second) * root + epsilon);
    }
};

// Linear interpolation from y to `towards`.
template <class T>
ASTRO_HOST_DEVICE T lerp_of(T y, T towards, T rate) {
    return y + rate * (towards - y);
}

}  // namespace astro
