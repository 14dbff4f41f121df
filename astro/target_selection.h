// Target selection: for a source row, finds rows of other episodes that are reachable within the horizon and distinct
// [paper: reachable, distinct, a threshold; the rules here: ours, docs/method.md 7].
//
// A target lies in the first part of its episode's travel and has l - 1 successors. Reachable: n_cal between
// n_lo = ceil((1 - Delta_thresh)(M + 1)) and M + 1. Distinct: in another episode, in no segment that the chain has
// visited, and at least as far in space (units of sigma_delta) as travel gets in n_lo steps.
#pragma once

#include <functional>

#include "astro/search/ball_tree.h"
#include "astro/temporal_map.h"

namespace astro::method {

class TargetIndex {
  public:
    // max_steps: M + 1, the longest bridge; context: l.
    TargetIndex(ThreadPool& threads, const SelectionConfig& config, const TemporalMap& map,
                const Statistics& statistics, int64_t max_steps, int64_t context, uint64_t seed);

    // Up to `config.candidates` of the targets of a row, drawn uniformly. `visited`: the segments to exclude.
    std::vector<int64_t> candidates(int64_t row, const std::function<bool(int64_t segment)>& visited, Rng rng) const;

    // All targets of a row, by brute force, without the limit on candidates: the reference for tests, the rival in the
    // bench, and what the course draws.
    std::vector<int64_t> all_targets(int64_t row, const std::function<bool(int64_t)>& visited) const;

    // The gap M' of a bridge from a source to a target, by selection.bridge_length.
    int64_t gap_of(int64_t source, int64_t target) const;
    // How near the source's own episode comes to the target: the gap M', of those that bridges may have, at which
    // rms((s_{source+M'+1} - s_target) / sigma_delta) is least, and that distance.
    struct Approach {
        int64_t gap = 0;
        double distance = 0;
    };
    Approach approach(int64_t source, int64_t target) const;

    bool eligible(int64_t row) const;                   // whether the row can be a target of any source
    double state_distance(int64_t a, int64_t b) const;  // |s_a - s_b| in units of sigma_delta
    // Euclidean distance in steps: state_distance over the travel rows' median one-step displacement.
    double euclid_steps(int64_t a, int64_t b) const { return state_distance(a, b) / step_length_; }
    int64_t size() const { return static_cast<int64_t>(tree_.rows().size()); }

  private:
    bool reachable(int64_t source, int64_t row) const;  // whether the distance is in the allowed band
    bool distinct(int64_t source, int64_t row, const std::function<bool(int64_t)>& visited) const;
    double median_displacement(int64_t steps) const;
    void match_euclid_band(uint64_t seed);

    SelectionConfig config_;
    const TemporalMap& map_;
    const Statistics& statistics_;
    int64_t context_, min_steps_;
    std::vector<int64_t> gaps_;                      // M' that bridges may have, the longest first
    double min_distance_ = 0, max_distance_ = 0;     // of latents (tdr) or states (euclid)
    double min_displacement_ = 0, step_length_ = 1;  // in sigma_delta
    BallTree tree_;                                  // of the latents of all eligible rows
};

}  // namespace astro::method
