// A ball tree over points. It finds the points whose distance to a query lies in a band, exactly and without measuring
// most of them. Deterministic: the tree and its answers do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/base/rows.h"
#include "tensor/base/threads.h"

namespace astro::method {

class BallTree {
  public:
    BallTree() = default;
    // points: (any number, width), not kept; rows: the points that the tree indexes.
    BallTree(ThreadPool& threads, const float* points, int64_t width, std::vector<int64_t> rows);

    // Rows begin .. end - 1 of rows(). inside: all of them lie in the band; otherwise each must be measured.
    struct RowRange {
        int64_t begin, end;
        bool inside;
    };
    // Disjoint ranges that contain every row whose latent_distance to the query lies in [low, high]. The search stops
    // when at most a third of the rows in them are undecided. If a fixed share of all rows lies in the band, the
    // cost increases little with the number of rows.
    std::vector<RowRange> near_band(const float* query, double low, double high) const;

    const std::vector<int64_t>& rows() const { return rows_; }
    static constexpr int64_t kLeaf = 64;  // largest number of rows in a leaf

  private:
    // Node k of a level of 2^level nodes holds rows [size k / 2^level, size (k + 1) / 2^level): a perfect tree
    // without pointers.
    int64_t begin_of(int64_t level, int64_t k) const { return ssize(rows_) * k >> level; }
    void make_node(const float* points, int64_t level, int64_t k);

    int64_t width_ = 0, levels_ = 0;
    std::vector<int64_t> rows_;   // leaf after leaf
    std::vector<float> centre_;   // (nodes, width), level by level; node k of a level has index 2^level - 1 + k
    std::vector<double> radius_;  // (nodes)
};

}  // namespace astro::method
