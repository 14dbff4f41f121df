// Rows by index: gather, and its adjoint by sorting.
//
// The adjoint sorts (row, position) pairs, so that the contributions to each row are adjacent and ordered by position.
// One thread then adds the contributions to a row in that order. The result does not depend on scheduling.
#include "tensor/cuda/cuts.h"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void gather_rows_kernel(int64_t n, int64_t width, const T* x, const int64_t* index, T* y) {
    for (int64_t i = gpu::thread(); i < n * width; i += gpu::threads()) {
        const int64_t row = gpu::quotient(i, width);
        y[i] = x[index[row] * width + i - row * width];
    }
}

// A pair has the row in its upper and the position in its lower 32 bits. Padding has the largest value and sorts last.
__global__ void pack_pairs_kernel(int64_t n, int64_t padded, const int64_t* index, uint64_t* pairs) {
    for (int64_t i = gpu::thread(); i < padded; i += gpu::threads())
        pairs[i] = i < n ? static_cast<uint64_t>(index[i]) << 32 | static_cast<uint64_t>(i) : ~uint64_t{0};
}

// One compare-and-exchange of a bitonic sort, of elements i and i + gap: ascending if bit `span` of i is 0.
__device__ inline void exchange(uint64_t* pairs, int64_t i, int64_t span, int64_t gap) {
    const uint64_t low = pairs[i], high = pairs[i + gap];
    const bool ascending = (i & span) == 0;
    if ((low > high) == ascending) pairs[i] = high, pairs[i + gap] = low;
}
// The index of the lower element of exchange number k.
__device__ inline int64_t partner(int64_t k, int64_t gap) { return 2 * k - (k & (gap - 1)); }

// Sorts up to kPairsInBlock pairs, a power of two, in one block.
__global__ void sort_block_kernel(int64_t n, uint64_t* pairs) {
    __shared__ uint64_t shared[kPairsInBlock];
    const int64_t t = threadIdx.x;
    for (int64_t i = t; i < n; i += kThreads) shared[i] = pairs[i];
    for (int64_t span = 2; span <= n; span *= 2)
        for (int64_t gap = span / 2; gap > 0; gap /= 2) {
            __syncthreads();
            for (int64_t k = t; k < n / 2; k += kThreads) exchange(shared, partner(k, gap), span, gap);
        }
    __syncthreads();
    for (int64_t i = t; i < n; i += kThreads) pairs[i] = shared[i];
}

// One step of the same sort, for more pairs than one block can sort.
__global__ void sort_step_kernel(int64_t n, int64_t span, int64_t gap, uint64_t* pairs) {
    for (int64_t k = gpu::thread(); k < n / 2; k += gpu::threads()) exchange(pairs, partner(k, gap), span, gap);
}

// The thread at the first pair of each row adds all contributions to that row, for one column.
template <class T>
__global__ void scatter_groups_kernel(int64_t n, int64_t width, const uint64_t* pairs, const T* gy, T* gx) {
    for (int64_t i = gpu::thread(); i < n * width; i += gpu::threads()) {
        const int64_t first = gpu::quotient(i, width), column = i - first * width;
        const uint64_t row = pairs[first] >> 32;
        if (first > 0 && pairs[first - 1] >> 32 == row) continue;
        T sum = gx[static_cast<int64_t>(row) * width + column];
        for (int64_t p = first; p < n && pairs[p] >> 32 == row; ++p)
            sum += gy[static_cast<int64_t>(pairs[p] & 0xffffffffu) * width + column];
        gx[static_cast<int64_t>(row) * width + column] = sum;
    }
}

}  // namespace

template <class T>
void gather_rows(const Device& d, int64_t n, int64_t width, const T* x, const int64_t* index, T* y) {
    if (n * width > 0)
        gpu::launch<gather_rows_kernel<T>>(gpu::blocks(n * width, kThreads), kThreads, 0, d.stream, n, width, x, index,
                                           y);
}

template <class T>
void scatter_add_rows(const Device& d, int64_t n, int64_t width, const T* gy, const int64_t* index, T* gx) {
    if (n * width == 0) return;
    ASTRO_CHECK(n < int64_t{1} << 31, "scatter_add_rows: ", n, " rows are too many for one sort");
    const int64_t padded = sorted_pairs(n);
    Scratch<uint64_t> pairs(d, padded);
    gpu::launch<pack_pairs_kernel>(gpu::blocks(padded, kThreads), kThreads, 0, d.stream, n, padded, index, pairs.get());
    if (padded <= kPairsInBlock) {
        gpu::launch<sort_block_kernel>(1, kThreads, 0, d.stream, padded, pairs.get());
    } else {
        for (int64_t span = 2; span <= padded; span *= 2)
            for (int64_t gap = span / 2; gap > 0; gap /= 2)
                gpu::launch<sort_step_kernel>(gpu::blocks(padded / 2, kThreads), kThreads, 0, d.stream, padded, span,
                                              gap, pairs.get());
    }
    gpu::launch<scatter_groups_kernel<T>>(gpu::blocks(n * width, kThreads), kThreads, 0, d.stream, n, width,
                                          static_cast<const uint64_t*>(pairs.get()), gy, gx);
}

#define ASTRO_FOR(T)                                                                             \
    template void gather_rows<T>(const Device&, int64_t, int64_t, const T*, const int64_t*, T*); \
    template void scatter_add_rows<T>(const Device&, int64_t, int64_t, const T*, const int64_t*, T*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
