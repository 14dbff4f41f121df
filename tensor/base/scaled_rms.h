// The error of a state in units of a standard deviation for each dimension.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace astro {

// rms((a - b) / sigma) over the dimensions; a and b point to sigma.size() numbers, and sigma is above 0.
template <class A, class B>
double scaled_rms(const A* a, const B* b, const std::vector<double>& sigma) {
    double square = 0;
    for (size_t i = 0; i < sigma.size(); ++i) {
        const double error = (static_cast<double>(a[i]) - static_cast<double>(b[i])) / sigma[i];
        square += error * error;
    }
    return std::sqrt(square / static_cast<double>(sigma.size()));
}

}  // namespace astro
