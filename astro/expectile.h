// The weight of expectile regression, shared by the TDR, IQL, GCIVL and HIQL (docs/method.md 4.2, 10.5, 10.9).
#pragma once

#include "tensor/ops.h"

namespace astro::method {

// tau if the advantage is at least 0, else 1 - tau. No gradient passes through it.
inline Tensor expectile_weight(const Tensor& advantage, double tau) { return heaviside(advantage, tau, 1 - tau); }

}  // namespace astro::method
