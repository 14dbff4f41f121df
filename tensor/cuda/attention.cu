// Fused multi-head attention, forward and backward: one thread block per head and sequence, for up to 128 tokens if the
// rows of a head fit in shared memory. Other sequences use batched matrix products and a separate softmax kernel.
//
// Shared memory holds one matrix of the head at a time (keys, values, queries, ...). Its rows are padded so that lanes
// reading different rows access different banks. A warp processes kRows rows together and reuses each element it reads.
#include "tensor/cuda/cuts.h"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kThreads = 128, kWarps = kThreads / 32;
constexpr int kRows = 4;  // rows that a warp processes together
constexpr int kColumns = kMaxFusedTokens / 32;
constexpr double kLowest = -1e30;  // initial maximum of a lane without scores

// One head of one sequence: pointers to its parts, and the strides between tokens.
template <class T>
struct Head {
    const T *q, *k, *v;  // rows of `stride` elements
    int tokens, head_dim, stride, width;
    int64_t scores, out;  // offsets of its (tokens, tokens) matrix and of its (tokens, head_dim) part of y
    T scale;
};

template <class T>
__device__ inline Head<T> head_of(const AttentionShape& s, int64_t index, const T* qkv) {
    const int64_t b = gpu::quotient(index, s.heads), h = index - b * s.heads, width = s.heads * s.head_dim;
    const T* q = qkv + b * s.tokens * 3 * width + h * s.head_dim;
    return {q,
            q + width,
            q + 2 * width,
            static_cast<int>(s.tokens),
            static_cast<int>(s.head_dim),
            static_cast<int>(3 * width),
            static_cast<int>(width),
            index * s.tokens * s.tokens,
            b * s.tokens * width + h * s.head_dim,
            T(1) / std::sqrt(T(s.head_dim))};
}

// Copies a (tokens, head_dim) matrix with row stride `stride` to shared memory, with row stride head_dim + 1.
template <class T>
__device__ inline void load(const Head<T>& h, const T* from, int stride, T* shared) {
    for (int i = static_cast<int>(threadIdx.x); i < h.tokens * h.head_dim; i += kThreads) {
        const int row = i / h.head_dim, column = i - row * h.head_dim;
        shared[row * (h.head_dim + 1) + column] = from[row * stride + column];
    }
}

// dots[r][c] = dot product of row first + r of x and row 32 * c + lane of shared; 0 beyond the last token.
template <class T>
__device__ inline void dot_rows(const Head<T>& h, const T* x, int stride, const T* shared, int first, int lane,
                                T (&dots)[kRows][kColumns]) {
    for (int r = 0; r < kRows; ++r)
        for (int c = 0; c < kColumns; ++c) dots[r][c] = 0;
    for (int e = 0; e < h.head_dim; ++e) {
        T mine[kRows];
        for (int r = 0; r < kRows; ++r) mine[r] = first + r < h.tokens ? x[(first + r) * stride + e] : T(0);
        for (int c = 0; c < kColumns; ++c) {
            const int j = 32 * c + lane;
            const T other = j < h.tokens ? shared[j * (h.head_dim + 1) + e] : T(0);
            for (int r = 0; r < kRows; ++r) dots[r][c] += mine[r] * other;
        }
    }
}

// out[i] = sum_j weights[i * row_step + j * column_step] * shared[j] for all rows i.
template <class T>
__device__ inline void weigh_rows(const Head<T>& h, const T* weights, int row_step, int column_step, const T* shared,
                                  T* out, int out_stride) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    for (int first = warp * kRows; first < h.tokens; first += kWarps * kRows)
        for (int e = lane; e < h.head_dim; e += 32) {
            T sum[kRows] = {};
            for (int j = 0; j < h.tokens; ++j) {
                const T value = shared[j * (h.head_dim + 1) + e];
                for (int r = 0; r < kRows; ++r)
                    if (first + r < h.tokens) sum[r] += weights[(first + r) * row_step + j * column_step] * value;
            }
            for (int r = 0; r < kRows; ++r)
                if (first + r < h.tokens) out[(first + r) * out_stride + e] = sum[r];
        }
}

template <class T>
__global__ void __launch_bounds__(kThreads) attention_kernel(AttentionShape s, const T* qkv, T* probabilities, T* y) {
    GPU_DYN_SHARED(T, shared);
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    for (int64_t index = blockIdx.x; index < s.batch * s.heads; index += gridDim.x) {
        const Head<T> h = head_of(s, index, qkv);
        load(h, h.k, h.stride, shared);
        __syncthreads();
        for (int first = warp * kRows; first < h.tokens; first += kWarps * kRows) {
            T score[kRows][kColumns];
            dot_rows(h, h.q, h.stride, shared, first, lane, score);
            for (int r = 0; r < kRows; ++r) {
                const int i = first + r, seen = s.causal && i + 1 < h.tokens ? i + 1 : h.tokens;
                T top = T(kLowest), total = 0;
                for (int c = 0; c < kColumns; ++c) {
                    score[r][c] *= h.scale;
                    if (32 * c + lane < seen && score[r][c] > top) top = score[r][c];
                }
                top = gpu::warp_max(top);
                for (int c = 0; c < kColumns; ++c) {
                    score[r][c] = 32 * c + lane < seen ? fast_exp(score[r][c] - top) : T(0);
                    total += score[r][c];
                }
                total = gpu::warp_sum(total);
                for (int c = 0; c < kColumns; ++c) {
                    const int j = 32 * c + lane;
                    if (i < h.tokens && j < h.tokens) probabilities[h.scores + i * h.tokens + j] = score[r][c] / total;
                }
            }
        }
        __syncthreads();  // the keys have been read and the probabilities written
        load(h, h.v, h.stride, shared);
        __syncthreads();
        weigh_rows(h, probabilities + h.scores, h.tokens, 1, shared, y + h.out, h.width);
        __syncthreads();  // before the next head's keys
    }
}

// y = P v, P = softmax(S), S = q k^T scale:
//   gP = gy v^T, gS = P (gP - sum_j gP P) scale, gq = gS k, gk = gS^T q, gv = P^T gy. gS: (batch, heads, tokens,
//   tokens).
template <class T>
__global__ void __launch_bounds__(kThreads)
    attention_grad_kernel(AttentionShape s, const T* qkv, const T* probabilities, const T* gy, T* gs, T* gqkv) {
    GPU_DYN_SHARED(T, shared);
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    for (int64_t index = blockIdx.x; index < s.batch * s.heads; index += gridDim.x) {
        const Head<T> h = head_of(s, index, qkv);
        const T *p = probabilities + h.scores, *g = gy + h.out;
        T *slope = gs + h.scores, *gq = gqkv + (h.q - qkv);
        load(h, h.v, h.stride, shared);
        __syncthreads();
        for (int first = warp * kRows; first < h.tokens; first += kWarps * kRows) {
            T gp[kRows][kColumns];
            dot_rows(h, g, h.width, shared, first, lane, gp);
            for (int r = 0; r < kRows; ++r) {
                const int i = first + r;
                T inner = 0, mine[kColumns];
                for (int c = 0; c < kColumns; ++c) {
                    const int j = 32 * c + lane;
                    mine[c] = i < h.tokens && j < h.tokens ? p[i * h.tokens + j] : T(0);
                    inner += gp[r][c] * mine[c];
                }
                inner = gpu::warp_sum(inner);
                for (int c = 0; c < kColumns; ++c) {
                    const int j = 32 * c + lane;
                    if (i < h.tokens && j < h.tokens) slope[i * h.tokens + j] = mine[c] * (gp[r][c] - inner) * h.scale;
                }
            }
        }
        __syncthreads();  // the values have been read and gS written
        load(h, h.k, h.stride, shared);
        __syncthreads();
        weigh_rows(h, static_cast<const T*>(slope), h.tokens, 1, shared, gq, h.stride);
        __syncthreads();
        load(h, h.q, h.stride, shared);
        __syncthreads();
        weigh_rows(h, static_cast<const T*>(slope), 1, h.tokens, shared, gq + h.width, h.stride);
        __syncthreads();
        load(h, g, h.width, shared);
        __syncthreads();
        weigh_rows(h, p, 1, h.tokens, shared, gq + 2 * h.width, h.stride);
        __syncthreads();  // before the next head's values
    }
}

// For sequences that are not fused: in-place softmax of the scores, one warp per row. If causal, masked entries become
// 0.
template <class T>
__global__ void softmax_rows_kernel(int64_t rows, int64_t tokens, bool causal, T scale, T* scores) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int64_t r = gpu::thread() / 32; r < rows; r += gpu::threads() / 32) {
        T* row = scores + r * tokens;
        const int64_t seen = causal ? r - gpu::quotient(r, tokens) * tokens + 1 : tokens;
        T top = T(kLowest), total = 0;
        for (int64_t j = lane; j < seen; j += 32) top = row[j] * scale > top ? row[j] * scale : top;
        top = gpu::warp_max(top);
        for (int64_t j = lane; j < tokens; j += 32) {
            row[j] = j < seen ? fast_exp(row[j] * scale - top) : T(0);
            total += row[j];
        }
        total = gpu::warp_sum(total);
        for (int64_t j = lane; j < tokens; j += 32) row[j] /= total;
    }
}

// Replaces gp by gS = P (gP - sum_j gP P) scale.
template <class T>
__global__ void softmax_rows_grad_kernel(int64_t rows, int64_t tokens, T scale, const T* p, T* gp) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int64_t r = gpu::thread() / 32; r < rows; r += gpu::threads() / 32) {
        T inner = 0;
        for (int64_t j = lane; j < tokens; j += 32) inner += gp[r * tokens + j] * p[r * tokens + j];
        inner = gpu::warp_sum(inner);
        for (int64_t j = lane; j < tokens; j += 32)
            gp[r * tokens + j] = p[r * tokens + j] * (gp[r * tokens + j] - inner) * scale;
    }
}

// Batched products, one per head and sequence. Operands are (tokens, tokens) matrices (square_step) or (tokens,
// head_dim) parts of arrays that hold 1 or 3 such parts per token (rows_step).
GemmShape per_head(const AttentionShape& s) {
    GemmShape g;
    g.outer = s.batch, g.inner = s.heads;
    return g;
}
BatchStep square_step(const AttentionShape& s) { return {s.heads * s.tokens * s.tokens, s.tokens * s.tokens}; }
BatchStep rows_step(const AttentionShape& s, int64_t parts) {
    return {s.tokens * parts * s.heads * s.head_dim, s.head_dim};
}

// c = a b^T for two (tokens, head_dim) matrices, from arrays with `parts_a` and 3 parts per token.
template <class T>
void scores_of(const Device& d, const AttentionShape& s, const T* a, int64_t parts_a, const T* b, T* c) {
    GemmShape g = per_head(s);
    const int64_t width = s.heads * s.head_dim;
    g.transpose_b = true;
    g.m = g.n = s.tokens, g.k = s.head_dim;
    g.lda = parts_a * width, g.ldb = 3 * width, g.ldc = s.tokens;
    g.a = rows_step(s, parts_a), g.b = rows_step(s, 3), g.c = square_step(s);
    gemm(d, g, a, b, c);
}

// c = op(weights) b, where the arrays of b and c have parts_b and parts_c parts per token.
template <class T>
void weigh(const Device& d, const AttentionShape& s, const T* weights, bool transposed, const T* b, int64_t parts_b,
           T* c, int64_t parts_c) {
    GemmShape g = per_head(s);
    const int64_t width = s.heads * s.head_dim;
    g.transpose_a = transposed;
    g.m = g.k = s.tokens, g.n = s.head_dim;
    g.lda = s.tokens, g.ldb = parts_b * width, g.ldc = parts_c * width;
    g.a = square_step(s), g.b = rows_step(s, parts_b), g.c = rows_step(s, parts_c);
    gemm(d, g, weights, b, c);
}

template <class T>
int64_t shared_bytes(const AttentionShape& s) {
    return attention_shared_bytes(s.tokens, s.head_dim, int64_t{sizeof(T)});
}
template <class T>
bool fused(const AttentionShape& s) {
    return attention_is_fused(s.tokens, s.head_dim, int64_t{sizeof(T)});
}

}  // namespace

template <class T>
void attention(const Device& d, const AttentionShape& s, const T* qkv, T* probabilities, T* y) {
    const int64_t heads = s.batch * s.heads, width = s.heads * s.head_dim;
    if (heads == 0 || s.tokens == 0 || s.head_dim == 0) return;
    if (fused<T>(s)) {
        gpu::launch<attention_kernel<T>>(gpu::blocks(heads, 1), kThreads, static_cast<size_t>(shared_bytes<T>(s)),
                                         d.stream, s, qkv, probabilities, y);
        return;
    }
    const T scale = T(1) / std::sqrt(T(s.head_dim));
    scores_of(d, s, qkv, 3, qkv + width, probabilities);
    gpu::launch<softmax_rows_kernel<T>>(gpu::blocks(heads * s.tokens, kWarps), kThreads, 0, d.stream, heads * s.tokens,
                                        s.tokens, s.causal, scale, probabilities);
    weigh(d, s, static_cast<const T*>(probabilities), false, qkv + 2 * width, 3, y, 1);
}

template <class T>
void attention_grad(const Device& d, const AttentionShape& s, const T* qkv, const T* probabilities, const T* gy,
                    T* gqkv) {
    const int64_t heads = s.batch * s.heads, width = s.heads * s.head_dim;
    if (heads == 0 || s.tokens == 0 || s.head_dim == 0) return;
    Scratch<T> slopes(d, heads * s.tokens * s.tokens);
    if (fused<T>(s)) {
        gpu::launch<attention_grad_kernel<T>>(gpu::blocks(heads, 1), kThreads, static_cast<size_t>(shared_bytes<T>(s)),
                                              d.stream, s, qkv, probabilities, gy, slopes.get(), gqkv);
        return;
    }
    const T scale = T(1) / std::sqrt(T(s.head_dim));
    weigh(d, s, probabilities, true, gy, 1, gqkv + 2 * width, 3);
    scores_of(d, s, gy, 1, qkv + 2 * width, slopes.get());
    gpu::launch<softmax_rows_grad_kernel<T>>(gpu::blocks(heads * s.tokens, kWarps), kThreads, 0, d.stream,
                                             heads * s.tokens, s.tokens, scale, probabilities, slopes.get());
    weigh(d, s, static_cast<const T*>(slopes.get()), false, qkv + width, 3, gqkv, 3);
    weigh(d, s, static_cast<const T*>(slopes.get()), true, qkv, 3, gqkv + width, 3);
}

#define ASTRO_FOR(T)                                                                    \
    template void attention<T>(const Device&, const AttentionShape&, const T*, T*, T*); \
    template void attention_grad<T>(const Device&, const AttentionShape&, const T*, const T*, const T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
