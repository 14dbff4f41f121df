#include "astro/measure/coverage.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/base/error.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

constexpr int64_t kQueries = 1000, kRows = 10000;
constexpr double kReached = 90;  // percent of the held-out states that have a training row within the radius

// At most `limit` rows, evenly spaced, in sigma_delta.
std::vector<double> scaled(const std::vector<float>& rows, const std::vector<double>& sigma_delta, int64_t limit) {
    const size_t dims = sigma_delta.size();
    std::vector<double> out;
    for (int64_t row : evenly_spaced(static_cast<int64_t>(rows.size() / dims), limit))
        for (size_t x = 0; x < dims; ++x) out.push_back(double(rows[to_size(row) * dims + x]) / sigma_delta[x]);
    return out;
}

// The distance from each query to the nearest of the rows.
std::vector<double> nearest(ThreadPool& threads, const std::vector<double>& queries, const std::vector<double>& rows,
                            size_t dims) {
    std::vector<double> distance(queries.size() / dims);
    threads.run(ssize(distance), [&](int64_t q) {
        const double* query = queries.data() + to_size(q) * dims;
        double smallest = std::numeric_limits<double>::infinity();
        for (const double* row = rows.data(); row != rows.data() + rows.size(); row += dims) {
            double square = 0;
            for (size_t x = 0; x < dims && square < smallest; ++x) square += (query[x] - row[x]) * (query[x] - row[x]);
            smallest = std::min(smallest, square);
        }
        nth(distance, q) = std::sqrt(smallest / static_cast<double>(dims));
    });
    return distance;
}

double share_within(const std::vector<double>& distances, double radius) {
    if (distances.empty()) return 0;
    const auto within = std::count_if(distances.begin(), distances.end(), [&](double d) { return d <= radius; });
    return static_cast<double>(within) / static_cast<double>(distances.size());
}

}  // namespace

Coverage measure_coverage(ThreadPool& threads, const std::vector<float>& held_out, const std::vector<float>& known,
                          const std::vector<float>& made, const std::vector<float>& generated,
                          const std::vector<double>& sigma_delta) {
    const size_t dims = sigma_delta.size();
    ASTRO_CHECK(!held_out.empty() && !known.empty() && !made.empty(), "coverage: a set without rows");
    const auto rows =
        std::min({kRows, static_cast<int64_t>(known.size() / dims), static_cast<int64_t>(made.size() / dims)});
    const std::vector<double> recorded = scaled(known, sigma_delta, rows),
                              queries = scaled(held_out, sigma_delta, kQueries);
    Coverage coverage;
    coverage.radius = percentile(nearest(threads, queries, recorded, dims), kReached);
    coverage.covered = share_within(nearest(threads, queries, scaled(made, sigma_delta, rows), dims), coverage.radius);
    if (!generated.empty())
        coverage.novel = 1 - share_within(nearest(threads, scaled(generated, sigma_delta, kQueries), recorded, dims),
                                          coverage.radius);
    return coverage;
}

}  // namespace astro::method
