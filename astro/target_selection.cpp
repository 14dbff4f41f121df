#include "astro/target_selection.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

namespace {

// A random permutation of [0, n), one element at a time: Fisher-Yates on a virtual array. The few moved elements are in
// a table with open addressing.
class LazyPermutation {
  public:
    LazyPermutation(int64_t n, Rng rng) : n_(n), rng_(rng), moved_(1024) {}

    int64_t next() {
        if (2 * drawn_ > ssize(moved_)) grow();
        const int64_t pick = drawn_ + rng_.below(n_ - drawn_);
        const int64_t first = value_of(slot(drawn_), drawn_);  // read before writing: both may use the same slot
        Moved& picked = slot(pick);
        const int64_t value = value_of(picked, pick);
        picked = {pick, first};
        ++drawn_;
        return value;
    }

  private:
    struct Moved {
        int64_t at = -1, value = 0;
    };
    static int64_t value_of(const Moved& m, int64_t at) { return m.at == at ? m.value : at; }
    Moved& slot(int64_t at) {
        const size_t mask = moved_.size() - 1;
        size_t i = (static_cast<uint64_t>(at) * 0x9E3779B97F4A7C15u >> 32) & mask;
        while (moved_[i].at >= 0 && moved_[i].at != at) i = (i + 1) & mask;
        return moved_[i];
    }
    void grow() {
        std::vector<Moved> old(4 * moved_.size());
        old.swap(moved_);
        for (const Moved& m : old)
            if (m.at >= drawn_) slot(m.at) = m;  // earlier elements are never read again
    }

    int64_t n_, drawn_ = 0;
    Rng rng_;
    std::vector<Moved> moved_;
};

}  // namespace

TargetIndex::TargetIndex(ThreadPool& threads, const SelectionConfig& config, const TemporalMap& map,
                         const Statistics& statistics, int64_t max_steps, int64_t context, uint64_t seed)
    : config_(config), map_(map), statistics_(statistics), context_(context) {
    min_steps_ = static_cast<int64_t>(std::ceil((1 - config.delta_threshold) * static_cast<double>(max_steps) - 1e-9));
    gaps_ = {max_steps - 1};
    if (config.bridge_length != BridgeLength::fixed)
        for (int64_t quarter : {3, 2})
            if (const int64_t gap = gaps_[0] * quarter / 4; gap >= 1) gaps_.push_back(gap);
    auto latent_bound = [&](double steps) {  // d for a calibrated number of steps
        return distance_from_steps(map.calibration.predicted(steps), map.gamma);
    };
    min_distance_ = min_steps_ > 0 ? latent_bound(static_cast<double>(min_steps_)) : 0;
    max_distance_ = latent_bound(static_cast<double>(max_steps));
    step_length_ = std::max(1e-9, median_displacement(1));
    min_displacement_ = min_steps_ > 0 ? median_displacement(min_steps_) : 0;

    std::vector<int64_t> rows;
    for (int64_t row = 0; row < map.data->dataset->rows; ++row)
        if (eligible(row)) rows.push_back(row);
    if (rows.empty()) fail(ErrorKind::data, "target selection: no row can be a target", kTravelHint);
    tree_ = BallTree(threads, map.latent.data(), map.width, std::move(rows));
    if (config.selector == Selector::euclid) match_euclid_band(seed);
}

bool TargetIndex::eligible(int64_t row) const {
    const int64_t segment = map_.data->segment(row), first = map_.data->begin(segment);
    const double travel = static_cast<double>(nth(map_.arrival, segment) - first);
    return static_cast<double>(row - first) <= config_.target_share * travel &&
           row + context_ - 1 <= map_.data->last(segment);
}

double TargetIndex::state_distance(int64_t a, int64_t b) const {
    const data::Dataset& d = *map_.data->dataset;
    double square = 0;
    for (int64_t i = 0; i < d.state_dim; ++i)
        square +=
            scaled_square(double(d.observation(a)[i]), double(d.observation(b)[i]), nth(statistics_.sigma_delta, i));
    return std::sqrt(square);
}

int64_t TargetIndex::gap_of(int64_t source, int64_t target) const {
    if (config_.bridge_length == BridgeLength::nearest) return approach(source, target).gap;
    const double steps = map_.calibration.steps(map_.steps(source, target));
    int64_t shortest = gaps_.front();
    for (int64_t gap : gaps_)  // the shortest that n_cal allows
        if (static_cast<double>(gap + 1) >= steps) shortest = gap;
    return shortest;
}

TargetIndex::Approach TargetIndex::approach(int64_t source, int64_t target) const {
    const data::Dataset& d = *map_.data->dataset;
    const int64_t last = map_.data->last(map_.data->segment(source));
    Approach best;
    for (int64_t gap : gaps_) {
        const int64_t reached = std::min(source + gap + 1, last);
        const double distance = scaled_rms(d.observation(reached), d.observation(target), statistics_.sigma_delta);
        if (gap == gaps_.front() || distance < best.distance) best = {gap, distance};
    }
    return best;
}

double TargetIndex::median_displacement(int64_t steps) const {
    std::vector<double> sample;
    const Trajectories& data = *map_.data;
    const int64_t stride = std::max<int64_t>(1, data.dataset->rows / 200000);
    for (int64_t t = 0; t + steps < data.dataset->rows; t += stride)
        if (t + steps <= nth(map_.arrival, data.segment(t)) && data.segment(t) == data.segment(t + steps))
            sample.push_back(state_distance(t, t + steps));
    return upper_median(std::move(sample));
}

// The ablation must accept as many rows as the TDR: the same quantiles of the distance between random rows.
void TargetIndex::match_euclid_band(uint64_t seed) {
    Rng rng = Rng(seed).stream("selection/euclid");
    constexpr int64_t kPairs = 200000;
    std::vector<double> euclid;
    int64_t below = 0, within = 0;
    for (int64_t p = 0; p < kPairs; ++p) {
        const int64_t a = tree_.rows()[to_size(rng.below(size()))], b = tree_.rows()[to_size(rng.below(size()))];
        const double d = latent_distance(map_.at(a), map_.at(b), map_.width);
        below += d < min_distance_, within += d <= max_distance_;
        euclid.push_back(state_distance(a, b));
    }
    std::sort(euclid.begin(), euclid.end());
    min_distance_ = nth(euclid, std::min(below, kPairs - 1));
    max_distance_ = nth(euclid, std::min(within, kPairs - 1));
}

bool TargetIndex::reachable(int64_t source, int64_t row) const {
    if (config_.selector == Selector::random) return true;
    const double d = config_.selector == Selector::tdr ? latent_distance(map_.at(source), map_.at(row), map_.width)
                                                       : state_distance(source, row);
    return d >= min_distance_ && d <= max_distance_;
}

bool TargetIndex::distinct(int64_t source, int64_t row, const std::function<bool(int64_t)>& visited) const {
    const std::vector<int32_t>& episode = map_.data->dataset->episode_of;
    return nth(episode, row) != nth(episode, source) && !visited(map_.data->segment(row)) &&
           state_distance(source, row) >= min_displacement_;
}

std::vector<int64_t> TargetIndex::candidates(int64_t row, const std::function<bool(int64_t)>& visited, Rng rng) const {
    // Draws rows of the ranges in random order until enough are targets. The choice is uniform, and most draws succeed.
    const std::vector<BallTree::RowRange> ranges = config_.selector == Selector::tdr
                                                       ? tree_.near_band(map_.at(row), min_distance_, max_distance_)
                                                       : std::vector<BallTree::RowRange>{{0, size(), false}};
    std::vector<int64_t> before;  // number of rows in the ranges before each range
    int64_t total = 0;
    for (const BallTree::RowRange& range : ranges) {
        before.push_back(total);
        total += range.end - range.begin;
    }
    std::vector<int64_t> found;
    LazyPermutation order(total, rng);
    for (int64_t drawn = 0; drawn < total && ssize(found) < config_.candidates; ++drawn) {
        const int64_t pick = order.next();
        const auto r = to_size(std::upper_bound(before.begin(), before.end(), pick) - before.begin() - 1);
        const int64_t target = tree_.rows()[to_size(ranges[r].begin + pick - before[r])];
        if ((ranges[r].inside || reachable(row, target)) && distinct(row, target, visited)) found.push_back(target);
    }
    return found;
}

std::vector<int64_t> TargetIndex::all_targets(int64_t row, const std::function<bool(int64_t)>& visited) const {
    std::vector<int64_t> found;
    for (int64_t target : tree_.rows())
        if (reachable(row, target) && distinct(row, target, visited)) found.push_back(target);
    return found;
}

}  // namespace astro::method
