#include "astro/measure/principal_plane.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::method {

EigenDecomposition eigen_symmetric(std::vector<double> a, int64_t n) {
    ASTRO_CHECK(ssize(a) == n * n, "eigen_symmetric: ", a.size(), " numbers for ", n, " rows");
    auto at = [n](std::vector<double>& m, int64_t i, int64_t j) -> double& { return nth(m, i * n + j); };
    std::vector<double> v(a.size());  // rows: the axes that have been rotated
    for (int64_t i = 0; i < n; ++i) at(v, i, i) = 1;
    constexpr int kSweeps = 60;  // about ten suffice
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        double off = 0, on = 0;
        for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < n; ++j) (i == j ? on : off) += at(a, i, j) * at(a, i, j);
        if (off <= 1e-30 * on) break;
        for (int64_t p = 0; p < n; ++p)
            for (int64_t q = p + 1; q < n; ++q) {
                const double apq = at(a, p, q);
                if (apq == 0) continue;
                // The rotation by which a_pq becomes 0: t = tan of its angle, the smaller root.
                const double theta = (at(a, q, q) - at(a, p, p)) / (2 * apq);
                const double t = (theta >= 0 ? 1 : -1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
                const double c = 1 / std::sqrt(t * t + 1), s = t * c;
                for (int64_t k = 0; k < n; ++k) {
                    const double kp = at(a, k, p), kq = at(a, k, q);
                    at(a, k, p) = c * kp - s * kq, at(a, k, q) = s * kp + c * kq;
                }
                for (int64_t k = 0; k < n; ++k) {
                    const double pk = at(a, p, k), qk = at(a, q, k);
                    at(a, p, k) = c * pk - s * qk, at(a, q, k) = s * pk + c * qk;
                }
                for (int64_t k = 0; k < n; ++k) {
                    const double pk = at(v, p, k), qk = at(v, q, k);
                    at(v, p, k) = c * pk - s * qk, at(v, q, k) = s * pk + c * qk;
                }
            }
    }
    std::vector<int64_t> order(to_size(n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return at(a, i, i) > at(a, j, j); });
    EigenDecomposition eigen;
    for (int64_t i : order) {
        const double* axis = v.data() + i * n;
        const double largest =
            *std::max_element(axis, axis + n, [](double x, double y) { return std::fabs(x) < std::fabs(y); });
        eigen.values.push_back(at(a, i, i));
        for (int64_t k = 0; k < n; ++k) eigen.vectors.push_back(largest < 0 ? -axis[k] : axis[k]);
    }
    return eigen;
}

std::pair<double, double> PrincipalPlane::project(const float* row) const {
    double px = 0, py = 0;
    for (size_t i = 0; i < centre.size(); ++i) {
        const double d = double(row[i]) - centre[i];
        px += d * x[i], py += d * y[i];
    }
    return {px, py};
}

PrincipalPlane principal_plane(const std::vector<float>& rows, int64_t width) {
    const auto n = ssize(rows) / width;
    const auto dims = to_size(width);
    ASTRO_CHECK(n >= 1, "principal_plane: no rows of width ", width);
    PrincipalPlane plane;
    plane.width = width;
    plane.centre.assign(dims, 0), plane.x.assign(dims, 0), plane.y.assign(dims, 0);
    for (size_t i = 0; i < rows.size(); ++i) plane.centre[i % dims] += double(rows[i]) / static_cast<double>(n);
    std::vector<double> covariance(dims * dims);
    for (int64_t r = 0; r < n; ++r) {
        const float* row = rows.data() + r * width;
        for (size_t i = 0; i < dims; ++i)
            for (size_t j = 0; j <= i; ++j)
                covariance[i * dims + j] += (double(row[i]) - plane.centre[i]) * (double(row[j]) - plane.centre[j]);
    }
    for (size_t i = 0; i < dims; ++i)
        for (size_t j = 0; j <= i; ++j) covariance[j * dims + i] = covariance[i * dims + j] /= static_cast<double>(n);
    const EigenDecomposition eigen = eigen_symmetric(covariance, width);
    double total = 0;
    for (double value : eigen.values) total += std::max(0.0, value);
    auto share = [&](size_t i) { return total > 0 ? std::max(0.0, eigen.values[i]) / total : 0; };
    std::copy_n(eigen.vectors.begin(), dims, plane.x.begin());
    plane.share_x = share(0);
    if (dims > 1) {
        std::copy_n(eigen.vectors.begin() + width, dims, plane.y.begin());
        plane.share_y = share(1);
    }
    return plane;
}

}  // namespace astro::method
