// The tanh-Gaussian policy of CQL in CORL: u ~ N(mean, std^2), action tanh(u); and the two learnt scalars.
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

// CORL's losses for the two scalars, each learnt as its logarithm (1).
// Temperature alpha: -mean log_alpha (log p + H), H = -A.
Tensor temperature_loss(const Tensor& log_alpha, const Tensor& mean_log_p, int64_t actions);
// Lagrange multiplier alpha' = clamp(exp(log_multiplier), 0, 1e6): -1/2 sum_i alpha' (w difference_i - w gap);
// differences: their sum over the two critics, a constant.
Tensor lagrange_strength(const Tensor& log_multiplier, double weight);  // alpha' w
Tensor multiplier_loss(const Tensor& log_multiplier, double weight, const Tensor& differences, double gap);

Factory make_cql_pure;  // CORL's form

}  // namespace astro::method::learners
