// Sums in a fixed order: the adjoint of broadcasting, the norm of an array, and metrics.
//
// sum_to divides the axes of x into those that y keeps and those that are summed. A block computes `lanes` outputs at a
// time, with kThreads / lanes threads per output. Long sums are split into pieces (cuts.h); a second launch adds the
// partial sums in order.
#include <cmath>

#include "tensor/cuda/cuts.h"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

namespace {

constexpr int kThreads = kSumThreads;

// The kept or the summed axes, outermost first: sizes, strides in x, strides in y.
struct Axes {
    int rank = 0;
    int64_t count = 1;
    int64_t sizes[6] = {}, x_step[6] = {}, y_step[6] = {};

    void push(int64_t size, int64_t x, int64_t y) {
        sizes[rank] = size, x_step[rank] = x, y_step[rank] = y;
        ++rank, count *= size;
    }
};

struct Reduction {
    Axes kept, summed;
    bool lanes_inner = false;  // adjacent threads hold adjacent outputs, otherwise adjacent elements of one sum
    int lanes = 1;             // lanes, pieces, piece: see SumCut
    int64_t pieces = 1, piece = 0;
};

struct Place {
    int64_t x, y;
};

__device__ inline Place place(const Axes& axes, int64_t i) {
    Place at{0, 0};
    for (int axis = axes.rank - 1; axis >= 0; --axis) {
        const int64_t outer = gpu::quotient(i, axes.sizes[axis]), here = i - outer * axes.sizes[axis];
        at.x += here * axes.x_step[axis];
        at.y += here * axes.y_step[axis];
        i = outer;
    }
    return at;
}

// Adds the sums of one piece (blockIdx.y) to y or, if there are several pieces, writes them to partial (pieces,
// outputs).
template <class T>
__global__ void sum_to_kernel(Reduction r, const T* x, T* y, T* partial) {
    __shared__ T part[kThreads];
    const int t = static_cast<int>(threadIdx.x), depth = kThreads / r.lanes;
    const int lane = r.lanes_inner ? t % r.lanes : t / depth, rank = r.lanes_inner ? t / r.lanes : t % depth;
    const int apart = r.lanes_inner ? r.lanes : 1;  // distance between threads of the same output
    const int64_t first = static_cast<int64_t>(blockIdx.y) * r.piece;
    const int64_t last = first + r.piece < r.summed.count ? first + r.piece : r.summed.count;
    for (int64_t o = static_cast<int64_t>(blockIdx.x) * r.lanes; o < r.kept.count;
         o += static_cast<int64_t>(gridDim.x) * r.lanes) {
        const bool mine = o + lane < r.kept.count;
        const Place at = place(r.kept, mine ? o + lane : 0);
        T sum = 0;
        if (mine)
            for (int64_t s = first + rank; s < last; s += depth) sum += x[at.x + place(r.summed, s).x];
        part[t] = sum;
        for (int half = depth / 2; half > 0; half /= 2) {
            __syncthreads();
            if (rank < half) part[t] += part[t + half * apart];
        }
        if (mine && rank == 0) {  // no barrier needed: this thread wrote part[t]
            if (r.pieces == 1)
                y[at.y] += part[t];
            else
                partial[static_cast<int64_t>(blockIdx.y) * r.kept.count + o + lane] = part[t];
        }
        __syncthreads();  // before `part` is overwritten for the next outputs
    }
}

template <class T>
__global__ void sum_pieces_kernel(Axes kept, int64_t pieces, const T* partial, T* y) {
    for (int64_t o = gpu::thread(); o < kept.count; o += gpu::threads()) {
        T sum = 0;
        for (int64_t p = 0; p < pieces; ++p) sum += partial[p * kept.count + o];
        y[place(kept, o).y] += sum;
    }
}

// Each block writes the sum of squares of its elements to partial[block].
template <class T>
__global__ void squares_kernel(int64_t n, const T* x, double* partial) {
    __shared__ double part[kThreads];
    const int t = static_cast<int>(threadIdx.x);
    double sum = 0;
    for (int64_t i = gpu::thread(); i < n; i += gpu::threads())
        sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    part[t] = sum;
    for (int half = kThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) part[t] += part[t + half];
    }
    if (t == 0) partial[blockIdx.x] = part[0];
}

// One block adds the partial sums and takes the square root.
__global__ void norm_kernel(int n, const double* partial, double* y) {
    __shared__ double part[kThreads];
    const int t = static_cast<int>(threadIdx.x);
    double sum = 0;
    for (int i = t; i < n; i += kThreads) sum += partial[i];
    part[t] = sum;
    for (int half = kThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) part[t] += part[t + half];
    }
    if (t == 0) *y = std::sqrt(part[0]);
}

// Metrics have few elements, so one thread suffices.
template <class T>
__global__ void record_metric_kernel(int64_t n, const T* x, const double* serial, double* y, double* failed) {
    if (threadIdx.x > 0 || (*failed != 0 && *failed != *serial)) return;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
    *y = sum;
    if (!(std::fabs(sum) <= 1.7976931348623157e308)) *failed = *serial;  // also true for NaN
}

Reduction plan(const Traversal& t) {
    Reduction r;
    int64_t dense = 1, x_step[6];
    for (int axis = t.rank - 1; axis >= 0; --axis) x_step[axis] = dense, dense *= t.sizes[axis];
    for (int axis = 0; axis < t.rank; ++axis)
        (t.b_step[axis] != 0 ? r.kept : r.summed).push(t.sizes[axis], x_step[axis], t.b_step[axis]);
    r.lanes_inner = t.b_step[t.rank - 1] != 0;
    const SumCut cut = cut_sum(r.kept.count, r.summed.count, r.lanes_inner);
    r.lanes = static_cast<int>(cut.lanes), r.pieces = cut.pieces, r.piece = cut.piece;
    return r;
}

}  // namespace

template <class T>
void sum_to(const Device& d, const Traversal& t, const T* x, T* y) {
    const Reduction r = plan(t);
    if (r.kept.count == 0 || r.summed.count == 0) return;
    Scratch<T> partial(d, r.pieces > 1 ? r.pieces * r.kept.count : 0);
    gpu::launch<sum_to_kernel<T>>(gpu::Dim(gpu::blocks(r.kept.count, r.lanes), static_cast<unsigned>(r.pieces)),
                                  kThreads, 0, d.stream, r, x, y, partial.get());
    if (r.pieces > 1)
        gpu::launch<sum_pieces_kernel<T>>(gpu::blocks(r.kept.count, kThreads), kThreads, 0, d.stream, r.kept, r.pieces,
                                          static_cast<const T*>(partial.get()), y);
}

template <class T>
void norm(const Device& d, int64_t n, const T* x, double* y) {
    const unsigned shares = static_cast<unsigned>(norm_shares(n));
    Scratch<double> partial(d, shares);
    if (shares > 0) gpu::launch<squares_kernel<T>>(shares, kThreads, 0, d.stream, n, x, partial.get());
    gpu::launch<norm_kernel>(1, kThreads, 0, d.stream, static_cast<int>(shares),
                             static_cast<const double*>(partial.get()), y);
}

template <class T>
void record_metric(const Device& d, int64_t n, const T* x, const double* serial, double* y, double* failed) {
    gpu::launch<record_metric_kernel<T>>(1, 32, 0, d.stream, n, x, serial, y, failed);
}

#define ASTRO_FOR(T)                                                        \
    template void sum_to<T>(const Device&, const Traversal&, const T*, T*); \
    template void norm<T>(const Device&, int64_t, const T*, double*);       \
    template void record_metric<T>(const Device&, int64_t, const T*, const double*, double*, double*);
ASTRO_FOR(float)
ASTRO_FOR(double)
#undef ASTRO_FOR

}  // namespace astro::cuda
