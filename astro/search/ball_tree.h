// A tree of balls over points: which of them lie in a band of distances around a query, exactly and without looking
// at most of them. Deterministic: neither the tree nor its answers depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/base/rows.h"
#include "tensor/base/threads.h"

namespace astro::method {

class BallTree {
  public:
    BallTree() = default;
    // points: (anything, width), not kept; rows: which of them the tree holds.
    BallTree(ThreadPool& threads, const float* points, int64_t width, std::vector<int64_t> rows);

    // Rows begin .. end - 1 of rows(). inside: all of them lie in the band; otherwise each has to be measured.
    struct Run {
        int64_t begin, end;
        bool inside;
    };
    // Disjoint runs that hold every row whose latent_distance to the query lies in [low, high]. The tree is looked into
    // no further than until at most a third of their rows are in doubt: where a share of all rows lies in the band, the
    // cost hardly grows with their number.
    std::vector<Run> near_band(const float* query, double low, double high) const;

    const std::vector<int64_t>& rows() const { return rows_; }
    static constexpr int64_t kLeaf = 64;  // rows a leaf at most

  private:
    // Node k of a level of 2^level nodes holds rows [size k / 2^level, size (k + 1) / 2^level): a perfect tree
    // without pointers.
    int64_t begin_of(int64_t level, int64_t k) const { return ssize(rows_) * k >> level; }
    void make_node(const float* points, int64_t level, int64_t k);

    int64_t width_ = 0, levels_ = 0;
    std::vector<int64_t> rows_;   // leaf after leaf
    std::vector<float> centre_;   // (nodes, width), level after level: node k of a level is number 2^level - 1 + k
    std::vector<double> radius_;  // (nodes)
};

}  // namespace astro::method
