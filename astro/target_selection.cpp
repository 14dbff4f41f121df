#include "astro/target_selection.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace astro {

namespace {

// The k-th element of a random permutation of [0, n), drawn lazily (Fisher-Yates on a virtual array).
class LazyPermutation {
  public:
    LazyPermutation(int64_t n, Rng rng) : n_(n), rng_(rng) {}
    int64_t next() {
        const int64_t pick = drawn_ + rng_.below(n_ - drawn_);
        const int64_t value = at(pick);
        moved_[pick] = at(drawn_);
        ++drawn_;
        return value;
    }

  private:
    int64_t at(int64_t i) const {
        const auto it = moved_.find(i);
        return it == moved_.end() ? i : it->second;
    }
    int64_t n_, drawn_ = 0;
    Rng rng_;
    std::unordered_map<int64_t, int64_t> moved_;  // only looked up, never iterated
};

}  // namespace

TargetIndex::TargetIndex(const SelectionConfig& config, const TemporalMap& map, const Statistics& statistics,
                         int64_t reach, int64_t context, uint64_t seed)
    : config_(config), map_(map), statistics_(statistics), reach_(reach), context_(context) {
    least_steps_ = static_cast<int64_t>(std::ceil((1 - config.delta_threshold) * static_cast<double>(reach) - 1e-9));
    auto latent_bound = [&](double steps) {  // d at a calibrated number of steps
        return (1 - std::pow(map.gamma, map.calibration.predicted(steps))) / (1 - map.gamma);
    };
    least_distance_ = least_steps_ > 0 ? latent_bound(static_cast<double>(least_steps_)) : 0;
    most_distance_ = latent_bound(static_cast<double>(reach));
    step_length_ = std::max(1e-9, median_displacement(1));
    least_space_ = least_steps_ > 0 ? median_displacement(least_steps_) : 0;

    const int64_t landmarks = map.landmarks();
    std::vector<std::vector<int64_t>> group(static_cast<size_t>(landmarks));
    radius_.assign(static_cast<size_t>(landmarks), 0);
    for (int64_t row = 0; row < map.data->dataset->rows; ++row) {
        if (!eligible(row)) continue;
        const auto l = static_cast<size_t>(map.landmark_of[static_cast<size_t>(row)]);
        group[l].push_back(row);
        radius_[l] = std::max(radius_[l], latent_distance(map.at(row), map.at(map.landmark[l]), map.width));
    }
    bucket_.push_back(0);
    for (const auto& members : group) {
        rows_.insert(rows_.end(), members.begin(), members.end());
        bucket_.push_back(static_cast<int64_t>(rows_.size()));
    }
    if (rows_.empty()) fail(ErrorKind::data, "target selection: no row can be a target; hint: shorter planner.context");
    if (config.selector == Selector::euclid) match_euclid_band(seed);
}

bool TargetIndex::eligible(int64_t row) const {
    const int64_t segment = map_.data->segment(row), first = map_.data->begin(segment);
    const double travel = static_cast<double>(map_.arrival[static_cast<size_t>(segment)] - first);
    return static_cast<double>(row - first) <= config_.target_share * travel &&
           row + context_ - 1 <= map_.data->last(segment);
}

double TargetIndex::state_distance(int64_t a, int64_t b) const {
    const data::Dataset& d = *map_.data->dataset;
    double square = 0;
    for (int64_t i = 0; i < d.state_dim; ++i) {
        const double x = (double(d.observation(a)[i]) - double(d.observation(b)[i])) / statistics_.sigma_delta[static_cast<size_t>(i)];
        square += x * x;
    }
    return std::sqrt(square);
}

double TargetIndex::median_displacement(int64_t steps) const {
    std::vector<double> sample;
    const Trajectories& data = *map_.data;
    const int64_t stride = std::max<int64_t>(1, data.dataset->rows / 200000);
    for (int64_t t = 0; t + steps < data.dataset->rows; t += stride)
        if (t + steps <= map_.arrival[static_cast<size_t>(data.segment(t))] && data.segment(t) == data.segment(t + steps))
            sample.push_back(state_distance(t, t + steps));
    if (sample.empty()) return 0;
    const auto middle = sample.begin() + static_cast<int64_t>(sample.size() / 2);
    std::nth_element(sample.begin(), middle, sample.end());
    return *middle;
}

// The ablation must accept as many rows as the TDR does: the same quantiles of the distance between random rows.
void TargetIndex::match_euclid_band(uint64_t seed) {
    Rng rng = Rng(seed).stream("selection/euclid");
    constexpr int64_t kPairs = 200000;
    std::vector<double> euclid;
    int64_t below = 0, within = 0;
    for (int64_t p = 0; p < kPairs; ++p) {
        const int64_t a = rows_[static_cast<size_t>(rng.below(size()))], b = rows_[static_cast<size_t>(rng.below(size()))];
        const double d = latent_distance(map_.at(a), map_.at(b), map_.width);
        below += d < least_distance_, within += d <= most_distance_;
        euclid.push_back(state_distance(a, b));
    }
    std::sort(euclid.begin(), euclid.end());
    least_distance_ = euclid[static_cast<size_t>(std::min(below, kPairs - 1))];
    most_distance_ = euclid[static_cast<size_t>(std::min(within, kPairs - 1))];
}

bool TargetIndex::accepts(int64_t source, int64_t row, const std::function<bool(int64_t)>& visited) const {
    const int64_t segment = map_.data->segment(row);
    if (map_.data->dataset->episode_of[static_cast<size_t>(row)] == map_.data->dataset->episode_of[static_cast<size_t>(source)] ||
        visited(segment))
        return false;
    if (config_.selector != Selector::random) {
        const double d = config_.selector == Selector::tdr ? latent_distance(map_.at(source), map_.at(row), map_.width)
                                                           : state_distance(source, row);
        if (d < least_distance_ || d > most_distance_) return false;
    }
    return state_distance(source, row) >= least_space_;
}

std::vector<int64_t> TargetIndex::candidates(int64_t row, const std::function<bool(int64_t)>& visited, Rng rng) const {
    // Only groups whose ball can meet the reach are looked at (exact, by the triangle inequality).
    std::vector<std::pair<int64_t, int64_t>> runs;  // (members before this run, index of its first member)
    int64_t total = 0;
    for (int64_t l = 0; l < map_.landmarks(); ++l) {
        const int64_t count = bucket_[static_cast<size_t>(l) + 1] - bucket_[static_cast<size_t>(l)];
        if (count == 0) continue;
        if (config_.selector == Selector::tdr &&
            latent_distance(map_.at(row), map_.at(map_.landmark[static_cast<size_t>(l)]), map_.width) >
                most_distance_ + radius_[static_cast<size_t>(l)] + 1e-3)
            continue;
        runs.emplace_back(total, bucket_[static_cast<size_t>(l)]);
        total += count;
    }
    std::vector<int64_t> found;
    LazyPermutation order(total, rng);
    for (int64_t drawn = 0; drawn < total && static_cast<int64_t>(found.size()) < config_.candidates; ++drawn) {
        const int64_t pick = order.next();
        const auto run = std::upper_bound(runs.begin(), runs.end(), pick,
                                          [](int64_t value, const auto& r) { return value < r.first; }) - 1;
        const int64_t target = rows_[static_cast<size_t>(run->second + pick - run->first)];
        if (accepts(row, target, visited)) found.push_back(target);
    }
    return found;
}

std::vector<int64_t> TargetIndex::all_targets(int64_t row, const std::function<bool(int64_t)>& visited) const {
    std::vector<int64_t> found;
    for (int64_t target : rows_)
        if (accepts(row, target, visited)) found.push_back(target);
    return found;
}

}  // namespace astro
