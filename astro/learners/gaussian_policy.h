// The tanh-Gaussian policy of CQL in CORL: u ~ N(mean, std^2), action tanh(u).
#pragma once

#include "astro/learners/value.h"

namespace astro::method::learners {

struct GaussianPolicy {
    nn::Mlp net;                // -> mean (A) and raw (A); log std = clamp(multiplier raw + offset, -20, 2)
    Tensor multiplier, offset;  // (1)

    template <class V>
    void visit(V& v) {
        v("actor", net);
        v("multiplier", multiplier);
        v("offset", offset);
    }
    struct Sample {
        Tensor action, log_p;  // (n, A), (n)
    };
    struct Gaussian {
        Tensor mean, log_std;                      // (n, A)
        Gaussian repeat(int64_t times) const;      // repeats each row `times` times
        Sample sample(const Tensor& noise) const;  // (n, A) ~ N(0, 1)
    };
    Gaussian at(const Tensor& input) const;  // (n, I)
};

Tensor largest(const Tensor& x);  // the maximum of each row: (B, n) -> (B)

}  // namespace astro::method::learners
