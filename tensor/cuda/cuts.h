// Into how many launches the CUDA backend cuts an operation, by sizes alone: so results are the same bits on every
// device, and apps/bench/counting_backend.cpp knows the launches without one. Host code without CUDA.
//
// Long sums are cut into pieces that blocks add up side by side; a second launch adds the pieces up in order.
#pragma once

#include <cstdint>

namespace astro::cuda {

// The least power of two of at least `least`, at most `most`.
inline int64_t power_of_two(int64_t least, int64_t most) {
    int64_t p = 1;
    while (p < most && p < least) p *= 2;
    return p;
}

// sum_to (reduce.cu): each of `kept` outputs is the sum of `summed` numbers.
constexpr int kSumThreads = 256;
struct SumCut {
    int64_t lanes = 1;              // outputs a block sums for at a time: a power of two
    int64_t pieces = 1, piece = 0;  // summands are cut into pieces of `piece`
};
// kept_inner: neighbours in memory belong to different outputs.
inline SumCut cut_sum(int64_t kept, int64_t summed, bool kept_inner) {
    // Threads on the contiguous axis first, up to a warp's worth where the outputs have it, then as many as there is
    // work for.
    SumCut cut;
    cut.lanes = kSumThreads / power_of_two(summed, kept_inner ? kSumThreads / power_of_two(kept, 32) : kSumThreads);
    const int64_t depth = kSumThreads / cut.lanes, groups = (kept + cut.lanes - 1) / cut.lanes;
    // A piece has at least 8 summands a thread; there are no more pieces than it takes to fill a large device.
    const int64_t useful = (summed + 8 * depth - 1) / (8 * depth), most = groups < 1024 ? 1024 / (groups + 1) + 1 : 1;
    cut.pieces = useful < most ? useful : most;
    if (cut.pieces < 1) cut.pieces = 1;
    cut.piece = (summed + cut.pieces - 1) / cut.pieces;
    return cut;
}

// norm (reduce.cu): blocks that leave a share of the sum of squares each, for a second launch.
inline int64_t norm_shares(int64_t n) {
    const int64_t wanted = (n + 8 * kSumThreads - 1) / (8 * kSumThreads);
    return wanted < 512 ? wanted : 512;
}

// The built-in product (gemm.cu): pieces of k, for `products` products of m x n.
constexpr int kProductTile = 64, kProductDepth = 16;  // of a block's tile of the result; of a slice of k
inline int64_t product_pieces(int64_t m, int64_t n, int64_t k, int64_t products) {
    const int64_t tiles = (m + kProductTile - 1) / kProductTile * ((n + kProductTile - 1) / kProductTile) * products;
    if (tiles == 0) return 1;
    // As many as fill a large device, each at least 16 slices deep.
    const int64_t wanted = 256 / tiles, useful = k / (16 * kProductDepth), pieces = wanted < useful ? wanted : useful;
    return pieces < 1 ? 1 : pieces;
}

// Gradients of layer norm's gain and bias (normalise.cu): pieces of a group's rows.
constexpr int kAffineColumns = 32;  // a block sums at a time
inline int64_t affine_pieces(int64_t groups, int64_t width, int64_t rows_per_group) {
    // Of at least 64 rows, as many as fill a large device.
    if (width == 0) return 1;
    const int64_t most = 512 / (groups * ((width + kAffineColumns - 1) / kAffineColumns)) + 1,
                  useful = (rows_per_group + 63) / 64;
    return useful < most ? useful : most;
}

// attention.cu: one launch for up to 128 tokens whose rows of one head fit in shared memory; else products by the
// built-in product and a softmax between them.
constexpr int kMostFusedTokens = 128;
inline int64_t attention_shared_bytes(int64_t tokens, int64_t head_dim, int64_t element_bytes) {
    return tokens * (head_dim + 1) * element_bytes;
}
inline bool attention_is_fused(int64_t tokens, int64_t head_dim, int64_t element_bytes) {
    return tokens <= kMostFusedTokens && attention_shared_bytes(tokens, head_dim, element_bytes) <= 40 * 1024;
}

// scatter_add_rows (rows.cu) sorts a power of two of pairs: in one block up to kPairsInBlock, else a launch a step.
constexpr int kPairsInBlock = 1024;
inline int64_t sorted_pairs(int64_t n) { return power_of_two(n, int64_t{1} << 31); }

}  // namespace astro::cuda
