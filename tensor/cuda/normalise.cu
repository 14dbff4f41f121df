// Layer norm, forward and backward, and log-sum-exp, with one warp per row.
#include "tensor/cuda/cuts.h"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kThreads = 128, kWarps = kThreads / 32;

template <class T>
__global__ void layer_norm_kernel(int64_t rows, int64_t width, int64_t per_group, T epsilon, T offset, const T* x,
                                  const T* gain, const T* bias, T* y, T* mean, T* rstd) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int64_t r = gpu::thread() / 32; r < rows; r += gpu::threads() / 32) {  // the same row for all lanes of a warp
        const T* xr = x + r * width;
        T sum = 0, square = 0;
        for (int64_t i = lane; i < width; i += 32) sum += xr[i];
        const T mu = gpu::warp_sum(sum) / T(width);
        for (int64_t i = lane; i < width; i += 32) square += (xr[i] - mu) * (xr[i] - mu);
        const T scale = T(1) / std::sqrt(gpu::warp_sum(square) / T(width) + epsilon);
        if (lane == 0) mean[r] = mu, rstd[r] = scale;
        const int64_t group = gpu::quotient(r, per_group) * width;
        for (int64_t i = lane; i < width; i += 32) {
            const T h = (xr[i] - mu) * scale;
            y[r * width + i] = gain ? h * (offset + gain[group + i]) + bias[group + i] : h * offset;
        }
    }
}

// With h = (x - mean) rstd and d = gy (offset + gain): gx = rstd (d - mean(d) - h mean(d h)).
template <class T>
__global__ void layer_norm_grad_kernel(int64_t rows, int64_t width, int64_t per_group, T offset, const T* x,
                                       const T* gain, const T* mean, const T* rstd, const T* gy, T* gx) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int64_t r = gpu::thread() / 32; r < rows; r += gpu::threads() / 32) {
        const int64_t at = r * width, group = gpu::quotient(r, per_group) * width;
        const T mu = mean[r], scale = rstd[r];
        T sum = 0, product = 0;
        for (int64_t i = lane; i < width; i += 32) {
            const T slope = gy[at + i] * (gain ? offset + gain[group + i] : offset);
            sum += slope;
            product += slope * (x[at + i] - mu) * scale;
        }
        const T mean_d = gpu::warp_sum(sum) / T(width), mean_dh = gpu::warp_sum(product) / T(width);
        for (int64_t i = lane; i < width; i += 32) {
            const T slope = gy[at + i] * (gain ? offset + gain[group + i] : offset);
            gx[at + i] = scale * (slope - mean_d - (x[at + i] - mu) * scale * mean_dh);
        }
    }
}

constexpr int kColumns = kAffineColumns, kRowLanes = 8;

// Sums of gy * h and of gy over one piece (blockIdx.y) of the rows of each group, to (pieces, groups, width) arrays.
template <class T>
__global__ void layer_norm_affine_kernel(int64_t groups, int64_t width, int64_t per_group, int64_t piece, const T* x,
                                         const T* mean, const T* rstd, const T* gy, T* ggain, T* gbias) {
    __shared__ T part_gain[kRowLanes][kColumns];
    __shared__ T part_bias[kRowLanes][kColumns];
    const int column = static_cast<int>(threadIdx.x) % kColumns, rank = static_cast<int>(threadIdx.x) / kColumns;
    const int64_t strips = (width + kColumns - 1) / kColumns;
    const int64_t first = static_cast<int64_t>(blockIdx.y) * piece,
                  last = first + piece < per_group ? first + piece : per_group;
    for (int64_t tile = blockIdx.x; tile < groups * strips; tile += gridDim.x) {
        const int64_t group = gpu::quotient(tile, strips), i = (tile - group * strips) * kColumns + column;
        T gain = 0, bias = 0;
        if (i < width)
            for (int64_t j = first + rank; j < last; j += kRowLanes) {
                const int64_t r = group * per_group + j;
                const T slope = gy[r * width + i];
                gain += slope * (x[r * width + i] - mean[r]) * rstd[r];
                bias += slope;
            }
        part_gain[rank][column] = gain, part_bias[rank][column] = bias;
        __syncthreads();
        if (rank == 0 && i < width) {
            for (int s = 1; s < kRowLanes; ++s) gain += part_gain[s][column], bias += part_bias[s][column];
            const int64_t to = (static_cast<int64_t>(blockIdx.y) * groups + group) * width + i;
            if (ggain) ggain[to] = gain;
            if (gbias) gbias[to] = bias;
        }
        __syncthreads();  // before the next strip overwrites the parts
    }
}

template <class T>
__global__ void add_pieces_kernel(int64_t n, int64_t pieces, const T* partial, T* y) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) {
        T sum = 0;
        for (int64_t p = 0; p < pieces; ++p) sum += partial[p * n + i];
        y[i] = sum;
    }
}

template <class T>
__global__ void logsumexp_kernel(int64_t rows, int64_t columns, const T* x, T* softmax, T* y) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int64_t r = gpu::thread() / 32; r < rows; r += gpu::threads() / 32) {
        const T* xr = x + r * columns;
        T top = T(-HUGE_VAL), total = 0;  // rows without columns give -infinity
        for (int64_t i = lane; i < columns; i += 32) top = xr[i] > top ? xr[i] : top;
        top = gpu::warp_max(top);
        for (int64_t i = lane; i < columns; i += 32) total += fast_exp(xr[i] - top);
        total = gpu::warp_sum(total);
        for (int64_t i = lane; i < columns; i += 32) softmax[r * columns + i] = fast_exp(xr[i] - top) / total;
        if (lane == 0) y[r] = top + std::log(total);
    }
}

}  // namespace

template <class T>
void layer_norm(const Device& d, int64_t rows, int64_t width, int64_t groups, T epsilon, T offset, const T* x,
                const T* gain, const T* bias, T* y, T* mean, T* rstd) {
    if (rows == 0) return;
    gpu::launch<layer_norm_kernel<T>>(gpu::blocks(rows, kWarps), kThreads, 0, d.stream, rows, width, rows / groups,
                                      epsilon, offset, x, gain, bias, y, mean, rstd);
}

template <class T>
void layer_norm_grad(const Device& d, int64_t rows, int64_t width, int64_t groups, T offset, const T* x, const T* gain,
                     const T* mean, const T* rstd, const T* gy, T* gx, T* ggain, T* gbias) {
    const int64_t n = groups * width;
    if (rows == 0) {
        if (ggain) fill(d, n, T(0), ggain);
        if (gbias) fill(d, n, T(0), gbias);
        return;
    }
    const int64_t per_group = rows / groups;
    gpu::launch<layer_norm_grad_kernel<T>>(gpu::blocks(rows, kWarps), kThreads, 0, d.stream, rows, width, per_group,
                                           offset, x, gain, mean, rstd, gy, gx);
    if (!ggain && !gbias) return;
    const int64_t tiles = groups * ((width + kColumns - 1) / kColumns);
    const int64_t pieces = affine_pieces(groups, width, per_group), piece = (per_group + pieces - 1) / pieces;
    Scratch<T> gain_part(d, pieces > 1 && ggain ? pieces * n : 0), bias_part(d, pieces > 1 && gbias ? pieces * n : 0);
    T *to_gain = pieces > 1 ? gain_part.get() : ggain, *to_bias = pieces > 1 ? bias_part.get() : gbias;
    gpu::launch<layer_norm_affine_kernel<T>>(gpu::Dim(gpu::blocks(tiles, 1), static_cast<unsigned>(pieces)),
                                             kColumns * kRowLanes, 0, d.stream, groups, width, per_group, piece, x,
                                             mean, rstd, gy, to_gain, to_bias);
    if (pieces == 1) return;
    const unsigned grid = gpu::blocks(n, kThreads);
    if (ggain)
        gpu::launch<add_pieces_kernel<T>>(grid, kThreads, 0, d.stream, n, pieces, static_cast<const T*>(to_gain),
                                          ggain);
    if (gbias)
        gpu::launch<add_pieces_kernel<T>>(grid, kThreads, 0, d.stream, n, pieces, static_cast<const T*>(to_bias),
                                          gbias);
}

template <class T>
void logsumexp(const Device& d, int64_t rows, int64_t columns, const T* x, T* softmax, T* y) {
    if (rows > 0)
        gpu::launch<logsumexp_kernel<T>>(gpu::blocks(rows, kWarps), kThreads, 0, d.stream, rows, columns, x, softmax,
                                         y);
}

#define ASTRO_FOR(T)                                                                                                  \
    template void layer_norm<T>(const Device&, int64_t, int64_t, int64_t, T, T, const T*, const T*, const T*, T*, T*, \
                                T*);                                                                                  \
    template void layer_norm_grad<T>(const Device&, int64_t, int64_t, int64_t, T, const T*, const T*, const T*,       \
                                     const T*, const T*, T*, T*, T*);                                                 \
    template void logsumexp<T>(const Device&, int64_t, int64_t, const T*, T*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
