// What Adam multiplies by, in the type of the parameters; the same on every backend.
#pragma once

#include "tensor/backend.h"
#include "tensor/host_device.h"

namespace astro {

template <class T>
struct AdamFactors {
    T beta1, beta2, epsilon, rate, decay, root, scale;

    // factors, norm: see Backend::adam.
    ASTRO_HOST_DEVICE AdamFactors(const AdamConstants& c, const double* factors, double norm)
        : beta1(T(c.beta1)),
          beta2(T(c.beta2)),
          epsilon(T(c.epsilon)),
          rate(T(factors[0])),
          decay(T(factors[1])),
          root(T(factors[2])),
          scale(c.clip > 0 && norm > c.clip ? T(c.clip) / (T(norm) + T(1e-6)) : T(1)) {}
};

}  // namespace astro
