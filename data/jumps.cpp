#include "data/jumps.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/moments.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr int64_t kMedianRadius = 2;      // running medians of 2 * kMedianRadius + 1 steps
constexpr int64_t kPairs = 20'000;        // pairs of unrelated rows
constexpr double kShareOfDistance = .25;  // of the median distance between these pairs

// 1 / standard deviation of each column; 0 for a constant column.
std::vector<double> inverse_stds(const Dataset& d) {
    std::vector<double> inverse;
    for (int64_t i = 0; i < d.state_dim; ++i) {
        const double first = double(d.observation(0)[i]);  // subtracted to avoid cancellation in the variance
        Moments column;
        for (int64_t t = 0; t < d.rows; ++t) column.add(double(d.observation(t)[i]) - first);
        inverse.push_back(column.std() > 0 ? 1 / column.std() : 0);
    }
    return inverse;
}

double distance(const Dataset& d, const std::vector<double>& inverse, int64_t from, int64_t to) {
    const float *a = d.observation(from), *b = d.observation(to);
    double square = 0;
    for (size_t i = 0; i < inverse.size(); ++i) {
        const double x = (double(b[i]) - double(a[i])) * inverse[i];
        square += x * x;
    }
    return std::sqrt(square);
}

// The median length of each step and its neighbours in the same episode; of an even number, the lower median.
std::vector<double> running_medians(const Dataset& d, const std::vector<double>& lengths) {
    std::vector<double> medians;
    for (int64_t e = 0; e < d.episodes(); ++e) {
        const int64_t first = nth(d.episode_start, e), last = d.episode_end(e) - 1;
        for (int64_t t = first; t <= last; ++t) {
            const int64_t from = std::max(first, t - kMedianRadius), to = std::min(last, t + kMedianRadius);
            medians.push_back(percentile(std::vector<double>(&nth(lengths, from), &nth(lengths, to) + 1), 50));
        }
    }
    return medians;
}

}  // namespace

Jumps find_jumps(const Dataset& d, double factor) {
    Jumps jumps;
    const std::vector<double> inverse = inverse_stds(d);
    std::vector<double> lengths(to_size(d.rows)), steps;  // by row, 0 on last rows of episodes; without these rows
    for (int64_t t = 0; t + 1 < d.rows; ++t) {
        if (nth(d.terminals, t) != 0) continue;
        nth(lengths, t) = distance(d, inverse, t, t + 1);
        steps.push_back(nth(lengths, t));
    }
    if (steps.empty()) return jumps;
    // Pairs of rows from the whole data set. They do not depend on random numbers.
    std::vector<double> distances;
    const int64_t pairs = std::min(kPairs, d.rows);
    for (int64_t k = 0; k < pairs; ++k)
        distances.push_back(distance(d, inverse, k * d.rows / pairs, (k * 7919 + d.rows / 3) % d.rows));
    const double typical = percentile(std::move(distances), 50);
    jumps.bound = std::min(factor * percentile(std::move(steps), 99),
                           std::max(factor * percentile(running_medians(d, lengths), 99), kShareOfDistance * typical));
    for (int64_t t = 0; t < d.rows && jumps.bound > 0; ++t) {
        if (!(nth(lengths, t) > jumps.bound)) continue;
        jumps.rows.push_back(t);
        jumps.largest = std::max(jumps.largest, nth(lengths, t));
    }
    return jumps;
}

}  // namespace astro::data
