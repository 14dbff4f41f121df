// How the CUDA backend splits operations into kernel launches. The split depends only on sizes. Results are therefore
// identical on every device, and apps/bench/counting_backend.cpp can count launches without one. This is host code and
// does not need CUDA.
//
// Long sums are split into pieces, which blocks sum in parallel. A second launch adds the pieces in order.
#pragma once

#include <cstdint>

namespace astro::cuda {

// The smallest power of two that is at least `low`, but at most `high`, itself a power of two.
inline int64_t power_of_two(int64_t low, int64_t high) {
    int64_t p = 1;
    while (p < high && p < low) p *= 2;
    return p;
}

// sum_to (reduce.cu): each of `kept` outputs is a sum of `summed` elements.
constexpr int kSumThreads = 256;
struct SumCut {
    int64_t lanes = 1;              // outputs that a block computes at a time; a power of two
    int64_t pieces = 1, piece = 0;  // number of pieces, and elements per piece
};
// kept_inner: adjacent elements in memory belong to different outputs.
inline SumCut cut_sum(int64_t kept, int64_t summed, bool kept_inner) {
    // If adjacent elements belong to different outputs, up to 32 adjacent threads get adjacent outputs. The remaining
    // threads share the elements of each output.
    SumCut cut;
    cut.lanes = kSumThreads / power_of_two(summed, kept_inner ? kSumThreads / power_of_two(kept, 32) : kSumThreads);
    const int64_t depth = kSumThreads / cut.lanes, groups = (kept + cut.lanes - 1) / cut.lanes;
    // A piece has at least 8 elements per thread. The number of pieces is limited to what fills a large device.
    const int64_t useful = (summed + 8 * depth - 1) / (8 * depth), limit = groups < 1024 ? 1024 / (groups + 1) + 1 : 1;
    cut.pieces = useful < limit ? useful : limit;
    if (cut.pieces < 1) cut.pieces = 1;
    cut.piece = (summed + cut.pieces - 1) / cut.pieces;
    return cut;
}

// norm (reduce.cu): number of blocks that each compute a partial sum of squares, which a second launch adds.
inline int64_t norm_shares(int64_t n) {
    const int64_t wanted = (n + 8 * kSumThreads - 1) / (8 * kSumThreads);
    return wanted < 512 ? wanted : 512;
}

// The built-in product (gemm.cu): number of pieces of k, for `products` products of size m x n.
constexpr int kProductTile = 64, kProductDepth = 16;  // size of a block's tile of the result; depth of a slice of k
inline int64_t product_pieces(int64_t m, int64_t n, int64_t k, int64_t products) {
    const int64_t tiles = (m + kProductTile - 1) / kProductTile * ((n + kProductTile - 1) / kProductTile) * products;
    if (tiles == 0) return 1;
    // As many as fill a large device, each with at least 16 slices.
    const int64_t wanted = 256 / tiles, useful = k / (16 * kProductDepth), pieces = wanted < useful ? wanted : useful;
    return pieces < 1 ? 1 : pieces;
}

// Gradients of layer norm's gain and bias (normalise.cu): number of pieces of the rows of a group.
constexpr int kAffineColumns = 32;  // columns that a block sums at a time
inline int64_t affine_pieces(int64_t groups, int64_t width, int64_t rows_per_group) {
    // As many as fill a large device, each with at least 64 rows.
    if (width == 0) return 1;
    const int64_t limit = 512 / (groups * ((width + kAffineColumns - 1) / kAffineColumns)) + 1,
                  useful = (rows_per_group + 63) / 64;
    return useful < limit ? useful : limit;
}

// attention.cu: one launch for up to 128 tokens if the rows of a head fit in shared memory; otherwise built-in matrix
// products and a softmax kernel.
constexpr int kMaxFusedTokens = 128;
inline int64_t attention_shared_bytes(int64_t tokens, int64_t head_dim, int64_t element_bytes) {
    return tokens * (head_dim + 1) * element_bytes;
}
inline bool attention_is_fused(int64_t tokens, int64_t head_dim, int64_t element_bytes) {
    return tokens <= kMaxFusedTokens && attention_shared_bytes(tokens, head_dim, element_bytes) <= 40 * 1024;
}

// scatter_add_rows (rows.cu) sorts pairs, padded to a power of two: up to kPairsInBlock in one block, otherwise with
// one launch per step of the sort.
constexpr int kPairsInBlock = 1024;
inline int64_t sorted_pairs(int64_t n) { return power_of_two(n, int64_t{1} << 31); }

}  // namespace astro::cuda
