// The plane in which data vary most: principal component analysis, for pictures of states that have no position.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace astro::method {

// Eigenvalues of a symmetric matrix (n, n), largest first, and unit eigenvectors as the rows of `vectors` (n, n), each
// with its largest component positive. Jacobi's method: rotations of pairs of axes, in a fixed order.
struct EigenDecomposition {
    std::vector<double> values, vectors;
};
EigenDecomposition eigen_symmetric(std::vector<double> matrix, int64_t n);

struct PrincipalPlane {
    int64_t width = 0;
    std::vector<double> centre, x, y;  // (width): mean of the rows; first and second principal direction
    double share_x = 0, share_y = 0;   // of the variance

    std::pair<double, double> project(const float* row) const;
};
// Of rows (n, width), n at least 1. With a single column, y is 0.
PrincipalPlane principal_plane(const std::vector<float>& rows, int64_t width);

}  // namespace astro::method
