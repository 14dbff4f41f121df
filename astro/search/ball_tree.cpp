#include "astro/search/ball_tree.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"
#include "tensor/squared_distance.h"

namespace astro::method {

BallTree::BallTree(ThreadPool& threads, const float* points, int64_t width, std::vector<int64_t> rows)
    : width_(width), rows_(std::move(rows)) {
    const int64_t size = ssize(rows_);
    levels_ = 1;
    while ((size - 1) >> (levels_ - 1) >= kLeaf) ++levels_;
    centre_.resize(to_size(((int64_t{1} << levels_) - 1) * width));
    radius_.resize(to_size((int64_t{1} << levels_) - 1));
    for (int64_t level = 0; level < levels_; ++level)  // a level's nodes own disjoint rows
        threads.run(int64_t{1} << level, [&](int64_t k) { make_node(points, level, k); });
}

// Computes a node's ball and, unless it is a leaf, splits its rows at the median of their widest coordinate.
void BallTree::make_node(const float* points, int64_t level, int64_t k) {
    const auto begin = rows_.begin() + begin_of(level, k), end = rows_.begin() + begin_of(level, k + 1);
    if (begin == end) return;
    const auto node = to_size((int64_t{1} << level) - 1 + k), width = to_size(width_);
    auto point = [&](int64_t row) { return points + row * width_; };
    std::vector<float> low(point(*begin), point(*begin) + width_), high = low;
    std::vector<double> sum(width);
    for (auto row = begin; row != end; ++row)
        for (size_t i = 0; i < width; ++i) {
            const float x = point(*row)[i];
            sum[i] += double(x);
            low[i] = std::min(low[i], x), high[i] = std::max(high[i], x);
        }
    float* centre = centre_.data() + node * width;
    for (size_t i = 0; i < width; ++i) centre[i] = static_cast<float>(sum[i] / static_cast<double>(end - begin));
    for (auto row = begin; row != end; ++row)
        radius_[node] = std::max(radius_[node], std::sqrt(squared_distance(centre, point(*row), width_)));
    if (level + 1 == levels_) return;
    size_t widest = 0;
    for (size_t i = 1; i < width; ++i)
        if (high[i] - low[i] > high[widest] - low[widest]) widest = i;
    std::nth_element(begin, rows_.begin() + begin_of(level + 1, 2 * k + 1), end, [&](int64_t a, int64_t b) {
        const float x = point(a)[widest], y = point(b)[widest];
        return x < y || (x == y && a < b);
    });
}

std::vector<BallTree::RowRange> BallTree::near_band(const float* query, double low, double high) const {
    std::vector<RowRange> ranges;
    std::vector<int64_t> looked_at = {0}, in_doubt;
    int64_t inside = 0;  // rows
    for (int64_t level = 0; level < levels_; ++level) {
        in_doubt.clear();
        int64_t doubtful = 0;  // rows
        for (int64_t k : looked_at) {
            const int64_t begin = begin_of(level, k), end = begin_of(level, k + 1);
            if (begin == end) continue;
            const auto node = to_size((int64_t{1} << level) - 1 + k);
            const float* centre = centre_.data() + node * to_size(width_);
            const double distance = std::sqrt(squared_distance(query, centre, width_)), radius = radius_[node];
            // The triangle inequality holds only up to rounding of float sums, and latent_distance has a floor of 1e-3.
            const double margin = 2e-3 + 1e-5 * (distance + radius);
            if (distance - radius > high + margin || distance + radius < low - margin) continue;
            if (distance - radius >= low + margin && distance + radius <= high - margin) {
                ranges.push_back({begin, end, true});
                inside += end - begin;
            } else {
                in_doubt.push_back(k);
                doubtful += end - begin;
            }
        }
        if (level + 1 == levels_ || 2 * doubtful <= inside) {
            for (int64_t k : in_doubt) ranges.push_back({begin_of(level, k), begin_of(level, k + 1), false});
            break;
        }
        looked_at.clear();
        for (int64_t k : in_doubt) looked_at.push_back(2 * k), looked_at.push_back(2 * k + 1);
    }
    return ranges;
}

}  // namespace astro::method
