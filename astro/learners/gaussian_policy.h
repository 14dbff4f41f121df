// The tanh-Gaussian policy of CQL in CORL: u ~ N(mean, deviation), action tanh(u).
#pragma once

#include "astro/learners/value.h"

namespace astro::learners {

struct GaussianPolicy {
    nn::Mlp net;                // -> mean (A) and raw (A); log deviation = clamp(multiplier raw + offset, -20, 2)
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
        Tensor mean, log_deviation;                // (n, A)
        Gaussian repeat(int64_t times) const;      // each row `times` times, one after another
        Sample sample(const Tensor& noise) const;  // (n, A) ~ N(0, 1)
    };
    Gaussian at(const Tensor& input) const;  // (n, I)
};

Tensor largest(const Tensor& x);  // of each row: (B, n) -> (B)

// Gradients of CORL's two scalar losses by the logarithms they are learnt as.
// Temperature: -mean log_alpha (log p + H), H = -A.
Tensor temperature_gradient(const Tensor& mean_log_p, int64_t actions);
// Lagrange multiplier: -1/2 sum_i alpha' w (difference_i - gap); strength = alpha' w, differences = sum_i difference_i.
Tensor multiplier_gradient(const Tensor& strength, const Tensor& differences, double gap);

}  // namespace astro::learners
