// The error of a state in units of a standard deviation for each dimension.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace astro {

// ((a - b) / sigma)^2 of one dimension.
inline double scaled_square(double a, double b, double sigma) {
    const double error = (a - b) / sigma;
    return error * error;
}

// rms((a - b) / sigma) over the dimensions; a and b point to sigma.size() numbers, and sigma is above 0.
template <class A, class B>
double scaled_rms(const A* a, const B* b, const std::vector<double>& sigma) {
    double square = 0;
    for (size_t i = 0; i < sigma.size(); ++i)
        square += scaled_square(static_cast<double>(a[i]), static_cast<double>(b[i]), sigma[i]);
    return std::sqrt(square / static_cast<double>(sigma.size()));
}

}  // namespace astro
