// Euclidean distances between all pairs, forward and backward, and nearest-point search.
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kTile = 32, kThreads = 256, kEach = kTile * kTile / kThreads;  // kEach: pairs per thread

// Adds to sum[e] the squared distance of row i0 + t / kTile + e * kThreads / kTile of a and row j0 + t % kTile of b,
// for thread t. Tiles of a and b are loaded into shared memory, kTile coordinates at a time. All threads of the block
// must call it.
template <class T>
__device__ inline void squared_distances(int64_t n, int64_t m, int64_t width, const T* a, const T* b, int64_t i0,
                                         int64_t j0, T (&tile_a)[kTile][kTile + 1], T (&tile_b)[kTile][kTile + 1],
                                         T (&sum)[kEach]) {
    const int t = static_cast<int>(threadIdx.x), row = t / kTile, column = t % kTile;
    for (int64_t w0 = 0; w0 < width; w0 += kTile) {
        for (int e = 0; e < kEach; ++e) {
            const int r = row + e * (kThreads / kTile);
            const bool inside = w0 + column < width;
            tile_a[r][column] = inside && i0 + r < n ? a[(i0 + r) * width + w0 + column] : T(0);
            tile_b[r][column] = inside && j0 + r < m ? b[(j0 + r) * width + w0 + column] : T(0);
        }
        __syncthreads();
        for (int w = 0; w < kTile; ++w)
            for (int e = 0; e < kEach; ++e) {
                const T difference = tile_a[row + e * (kThreads / kTile)][w] - tile_b[column][w];
                sum[e] += difference * difference;
            }
        __syncthreads();  // before the next coordinates
    }
}

template <class T>
__global__ void pairwise_distance_kernel(int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, T* y) {
    __shared__ T tile_a[kTile][kTile + 1];
    __shared__ T tile_b[kTile][kTile + 1];
    const int row = static_cast<int>(threadIdx.x) / kTile, column = static_cast<int>(threadIdx.x) % kTile;
    const int64_t across = (m + kTile - 1) / kTile, tiles = (n + kTile - 1) / kTile * across;
    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const int64_t down = gpu::quotient(tile, across), i0 = down * kTile, j0 = (tile - down * across) * kTile;
        T sum[kEach] = {};
        squared_distances(n, m, width, a, b, i0, j0, tile_a, tile_b, sum);
        for (int e = 0; e < kEach; ++e) {
            const int64_t i = i0 + row + e * (kThreads / kTile), j = j0 + column;
            if (i < n && j < m) y[i * m + j] = std::sqrt(sum[e] < floor ? floor : sum[e]);
        }
    }
}

// c = gy / y; 0 at the floor.
template <class T>
__global__ void distance_slope_kernel(int64_t n, T lowest, const T* y, const T* gy, T* c) {
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads()) c[i] = y[i] <= lowest ? T(0) : gy[i] / y[i];
}

// g = x * total - g, with one total per row.
template <class T>
__global__ void distance_combine_kernel(int64_t rows, int64_t width, const T* x, const T* total, T* g) {
    for (int64_t i = gpu::thread(); i < rows * width; i += gpu::threads())
        g[i] = x[i] * total[gpu::quotient(i, width)] - g[i];
}

// For each row of x (n, width), the index of the nearest row of points (m, width). Ties go to the lowest index. The
// result is 0 if no distance is finite.
template <class T>
__global__ void nearest_kernel(int64_t n, int64_t m, int64_t width, const T* x, const T* points, int64_t* nearest) {
    __shared__ T tile_a[kTile][kTile + 1];
    __shared__ T tile_b[kTile][kTile + 1];
    __shared__ T best_of[kTile][kTile + 1];
    __shared__ int64_t where_of[kTile][kTile + 1];
    const int row = static_cast<int>(threadIdx.x) / kTile, column = static_cast<int>(threadIdx.x) % kTile;
    for (int64_t i0 = static_cast<int64_t>(blockIdx.x) * kTile; i0 < n; i0 += static_cast<int64_t>(gridDim.x) * kTile) {
        T best[kEach];  // the minimum over this thread's points: column, column + kTile, ...
        int64_t where[kEach];
        for (int e = 0; e < kEach; ++e) best[e] = T(INFINITY), where[e] = 0;
        for (int64_t j0 = 0; j0 < m; j0 += kTile) {
            T sum[kEach] = {};
            squared_distances(n, m, width, x, points, i0, j0, tile_a, tile_b, sum);
            for (int e = 0; e < kEach; ++e)
                if (j0 + column < m && sum[e] < best[e]) best[e] = sum[e], where[e] = j0 + column;
        }
        for (int e = 0; e < kEach; ++e) {
            const int r = row + e * (kThreads / kTile);
            if (column < m) best_of[r][column] = best[e], where_of[r][column] = where[e];
        }
        __syncthreads();
        const int t = static_cast<int>(threadIdx.x);
        if (t < kTile && i0 + t < n) {
            int winner = 0;
            for (int c = 1; c < kTile && c < m; ++c)
                if (best_of[t][c] < best_of[t][winner] ||
                    (best_of[t][c] == best_of[t][winner] && where_of[t][c] < where_of[t][winner]))
                    winner = c;
            nearest[i0 + t] = where_of[t][winner];
        }
        __syncthreads();  // before the next rows
    }
}

// The sum of a (rows, columns) matrix over its columns, and over its rows.
Traversal over_columns(int64_t rows, int64_t columns) {
    Traversal t;
    t.rank = 2, t.sizes[0] = rows, t.sizes[1] = columns, t.b_step[0] = 1;
    return t;
}
Traversal over_rows(int64_t rows, int64_t columns) {
    Traversal t;
    t.rank = 2, t.sizes[0] = rows, t.sizes[1] = columns, t.b_step[1] = 1;
    return t;
}

}  // namespace

template <class T>
void pairwise_distance(const Device& d, int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, T* y) {
    const int64_t tiles = (n + kTile - 1) / kTile * ((m + kTile - 1) / kTile);
    if (tiles > 0)
        gpu::launch<pairwise_distance_kernel<T>>(gpu::blocks(tiles, 1), kThreads, 0, d.stream, n, m, width, floor, a, b,
                                                 y);
}

// With c_ij = gy_ij / y_ij: ga_i = a_i sum_j c_ij - sum_j c_ij b_j; gb_j is analogous.
template <class T>
void pairwise_distance_grad(const Device& d, int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b,
                            const T* y, const T* gy, T* ga, T* gb) {
    Scratch<T> c(d, n * m), total_a(d, n), total_b(d, m);
    if (n * m > 0)
        gpu::launch<distance_slope_kernel<T>>(gpu::blocks(n * m, kThreads), kThreads, 0, d.stream, n * m,
                                              std::sqrt(floor), y, gy, c.get());
    const T* slopes = c.get();
    GemmShape of_a, of_b;
    of_a.m = n, of_a.n = width, of_a.k = m, of_a.lda = m, of_a.ldb = width, of_a.ldc = width;
    of_b.transpose_a = true;
    of_b.m = m, of_b.n = width, of_b.k = n, of_b.lda = m, of_b.ldb = width, of_b.ldc = width;
    gemm(d, of_a, slopes, b, ga);
    gemm(d, of_b, slopes, a, gb);
    fill(d, n, T(0), total_a.get());
    fill(d, m, T(0), total_b.get());
    sum_to(d, over_columns(n, m), slopes, total_a.get());
    sum_to(d, over_rows(n, m), slopes, total_b.get());
    if (n * width > 0)
        gpu::launch<distance_combine_kernel<T>>(gpu::blocks(n * width, kThreads), kThreads, 0, d.stream, n, width, a,
                                                static_cast<const T*>(total_a.get()), ga);
    if (m * width > 0)
        gpu::launch<distance_combine_kernel<T>>(gpu::blocks(m * width, kThreads), kThreads, 0, d.stream, m, width, b,
                                                static_cast<const T*>(total_b.get()), gb);
}

template <class T>
void nearest_rows(const Device& d, int64_t n, int64_t m, int64_t width, const T* x, const T* points, int64_t* nearest) {
    ASTRO_CHECK(m > 0, "nearest_rows: no points to choose from");
    if (n > 0)
        gpu::launch<nearest_kernel<T>>(gpu::blocks(n, kTile), kThreads, 0, d.stream, n, m, width, x, points, nearest);
}

#define ASTRO_FOR(T)                                                                                                   \
    template void pairwise_distance<T>(const Device&, int64_t, int64_t, int64_t, T, const T*, const T*, T*);           \
    template void pairwise_distance_grad<T>(const Device&, int64_t, int64_t, int64_t, T, const T*, const T*, const T*, \
                                            const T*, T*, T*);                                                         \
    template void nearest_rows<T>(const Device&, int64_t, int64_t, int64_t, const T*, const T*, int64_t*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
