#include "data/jumps.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tensor/base/error.h"
#include "tensor/base/moments.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

// Neighbours of a step, and the percentile of their lengths that stands for its ordinary length.
struct Neighbours {
    int64_t radius;  // on each side
    double percent;
};
constexpr Neighbours kRareJumps{2, 50}, kFrequentJumps{5, 30};
constexpr double kLeastFrequent = .01, kMostFrequent = 1.0 / 3;  // shares of steps
constexpr int64_t kPairs = 20'000;                               // pairs of unrelated rows
constexpr double kShareOfDistance = .25;   // of the median distance between these pairs: jumps are longer
constexpr double kUnrelatedDistance = .5;  // of it: frequent jumps are typically longer

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

// The 99th percentile of ordinary lengths: of each step, a percentile of those of its neighbours in the same episode.
double ordinary_length(const Dataset& d, const std::vector<double>& lengths, const Neighbours& neighbours) {
    std::vector<double> ordinary;
    for (int64_t e = 0; e < d.episodes(); ++e) {
        const int64_t first = nth(d.episode_start, e), last = d.episode_end(e) - 1;
        for (int64_t t = first; t <= last; ++t) {
            const int64_t from = std::max(first, t - neighbours.radius), to = std::min(last, t + neighbours.radius);
            ordinary.push_back(
                percentile(std::vector<double>(&nth(lengths, from), &nth(lengths, to) + 1), neighbours.percent));
        }
    }
    return percentile(std::move(ordinary), 99);
}

// The lengths of steps that are far enough from the ends of their episode to have all their neighbours.
std::vector<double> inner_steps(const Dataset& d, const std::vector<double>& lengths, const Neighbours& neighbours) {
    std::vector<double> inner;
    for (int64_t e = 0; e < d.episodes(); ++e)
        for (int64_t t = nth(d.episode_start, e) + neighbours.radius; t < d.episode_end(e) - neighbours.radius; ++t)
            inner.push_back(nth(lengths, t));
    return inner;
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
    const double long_step = factor * percentile(steps, 99);
    // All three bounds are at least the smaller of these. If no step exceeds it, the costly percentiles of neighbours
    // are not needed.
    if (*std::max_element(steps.begin(), steps.end()) <= std::min(long_step, kShareOfDistance * typical)) return jumps;
    const auto bound_by = [&](const Neighbours& neighbours) {
        return std::max(factor * ordinary_length(d, lengths, neighbours), kShareOfDistance * typical);
    };
    jumps.bound = std::min(long_step, bound_by(kRareJumps));
    const std::vector<double> inner = inner_steps(d, lengths, kFrequentJumps);
    const double lower = bound_by(kFrequentJumps);
    std::vector<double> longer;
    std::copy_if(inner.begin(), inner.end(), std::back_inserter(longer), [&](double x) { return x > lower; });
    const auto share = [&](int64_t count) {
        return static_cast<double>(count) / static_cast<double>(std::max<size_t>(1, inner.size()));
    };
    if (lower < jumps.bound && share(ssize(longer)) > kLeastFrequent && share(ssize(longer)) <= kMostFrequent &&
        percentile(longer, 50) > kUnrelatedDistance * typical)
        jumps.bound = lower;
    const double unrelated = std::max(factor * percentile(inner, 25), kUnrelatedDistance * typical);
    const auto undecided =
        std::count_if(inner.begin(), inner.end(), [&](double x) { return x > unrelated && x <= jumps.bound; });
    if (share(undecided) > kLeastFrequent) jumps.undecided = undecided;
    for (int64_t t = 0; t < d.rows && jumps.bound > 0; ++t) {
        if (!(nth(lengths, t) > jumps.bound)) continue;
        jumps.rows.push_back(t);
        jumps.largest = std::max(jumps.largest, nth(lengths, t));
    }
    return jumps;
}

std::string describe_undecided(int64_t undecided) {
    return text(undecided,
                " steps are as long as the distance between unrelated rows, but too many to tell jumps from ",
                "motion, so they count as motion: if they are teleports, mark the ends of episodes there");
}

}  // namespace astro::data
