#include "apps/bench/counting_backend.h"

#include <algorithm>

#include "tensor/cuda/cuts.h"

namespace astro::app {

namespace {

double count(int64_t n) { return static_cast<double>(n); }
// Number of elements of an array with strides `step`, or of the result if step is null.
int64_t elements(const Traversal& t, const int64_t* step) {
    int64_t n = 1;
    for (int axis = 0; axis < t.rank; ++axis)
        if (!step || step[axis] != 0) n *= t.sizes[axis];
    return n;
}

class CountingBackend : public Backend {
  public:
    CountingBackend(Backend& backend, DeviceWork& work) : to_(backend), work_(work) {}
    std::string name() const override { return to_.name(); }
    Allocator& allocator() override { return to_.allocator(); }

    void upload(void* to, const void* from, int64_t bytes) override {
        work_.copies += bytes > 0;
        to_.upload(to, from, bytes);
    }
    void download(void* to, const void* from, int64_t bytes) override {
        work_.copies += bytes > 0, work_.waits += bytes > 0;
        to_.download(to, from, bytes);
    }
    void copy(void* to, const void* from, int64_t bytes) override {
        kernel(bytes, 2 * count(bytes) / 4, 0, DType::f32);
        to_.copy(to, from, bytes);
    }
    void fill(DType type, int64_t n, double value, void* y) override {
        kernel(n, count(n), 0, type);
        to_.fill(type, n, value, y);
    }
    void cast(DType from, const void* x, DType to, void* y, int64_t n) override {
        kernel(n, 2 * count(n), 0, to);
        to_.cast(from, x, to, y, n);
    }
    void copy_rows(DType type, int64_t rows, int64_t columns, const void* x, int64_t x_stride, void* y,
                   int64_t y_stride, bool accumulate) override {
        kernel(rows * columns, (accumulate ? 3 : 2) * count(rows * columns), 0, type);
        to_.copy_rows(type, rows, columns, x, x_stride, y, y_stride, accumulate);
    }
    void unary(UnaryOp op, DType type, int64_t n, const void* x, double p, double q, void* y) override {
        kernel(n, 2 * count(n), 0, type);
        to_.unary(op, type, n, x, p, q, y);
    }
    void unary_grad(UnaryOp op, DType type, int64_t n, const void* x, const void* y, const void* gy, double p, double q,
                    void* gx) override {
        kernel(n, 4 * count(n), 0, type);
        to_.unary_grad(op, type, n, x, y, gy, p, q, gx);
    }
    void binary(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, void* y) override {
        const int64_t n = elements(t, nullptr);
        kernel(n, count(elements(t, t.a_step) + elements(t, t.b_step) + n), 0, type);
        to_.binary(op, type, t, a, b, y);
    }
    void binary_grad(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, const void* gy,
                     bool second, void* g) override {
        const int64_t n = elements(t, nullptr);
        kernel(n, count(elements(t, t.a_step) + elements(t, t.b_step) + 2 * n), 0, type);
        to_.binary_grad(op, type, t, a, b, gy, second, g);
    }
    void sum_to(DType type, const Traversal& t, const void* x, void* y) override {
        int64_t kept = 1, summed = 1;
        for (int axis = 0; axis < t.rank; ++axis) (t.b_step[axis] != 0 ? kept : summed) *= t.sizes[axis];
        sum(type, kept, summed, t.b_step[t.rank - 1] != 0);
        to_.sum_to(type, t, x, y);
    }
    void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                void* y) override {
        kernel(outer * length * inner, 2 * count(outer * length * inner), 0, type);
        to_.cumsum(type, outer, length, inner, reverse, x, y);
    }
    void gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void* a, int64_t lda, const void* b,
              int64_t ldb, void* c, int64_t ldc, bool accumulate) override {
        product(type, m, n, k, accumulate);
        to_.gemm(type, ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    }
    int64_t packed_size(DType type, int64_t k, int64_t n) const override { return to_.packed_size(type, k, n); }
    void pack(DType type, bool transpose_w, int64_t k, int64_t n, const void* w, void* packed) override {
        to_.pack(type, transpose_w, k, n, w, packed);  // not counted: the CUDA backend does not pack weights
    }
    void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool transpose_w,
                const void* bias, const UnaryOp* activation, void* slope, void* y) override {
        product(type, m, n, k, false);
        if ((bias || activation) && !fuses_epilogue(type, k)) kernel(m * n, (slope ? 3 : 2) * count(m * n), 0, type);
        to_.linear(type, m, n, k, x, w, transpose_w, bias, activation, slope, y);
    }
    void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                     bool accumulate) override {
        if (slope) kernel(m * n, 3 * count(m * n), 0, type);
        if (gbias && !accumulate) kernel(n, count(n), 0, type);
        if (gbias) sum(type, n, m, true);
        to_.linear_grad(type, m, n, gy, slope, gz, gbias, accumulate);
    }
    void gated_linear(DType type, int64_t m, int64_t n, int64_t k, int64_t groups, const void* h, const void* w,
                      const void* bias, const void* x, const void* gate, void* z, void* y) override {
        product(type, m, n, k, false);
        if (!fuses_epilogue(type, k)) kernel(m * n, count((z ? 4 : 3) * m * n + groups * n), 0, type);
        to_.gated_linear(type, m, n, k, groups, h, w, bias, x, gate, z, y);
    }
    void gated_linear_grad(DType type, int64_t m, int64_t n, int64_t groups, const void* gate, const void* z,
                           const void* gy, void* ggate, void* gz) override {
        const int64_t all = m * n, gates = groups * n;
        if (ggate) {
            kernel(gates, count(gates), 0, type);  // fill with zeros
            kernel(all, 3 * count(all), 0, type);  // gy * z
            if (m > 0) sum(type, gates, m / groups, true);
        }
        kernel(all, count(2 * all + gates), 0, type);  // gate * gy
        to_.gated_linear_grad(type, m, n, groups, gate, z, gy, ggate, gz);
    }
    void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                    const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) override {
        kernel(rows, count(2 * rows * width + 2 * rows + (gain ? 2 * groups * width : 0)), 0, type);
        to_.layer_norm(type, rows, width, groups, epsilon, offset, x, gain, bias, y, mean, rstd);
    }
    void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                         const void* gain, const void* mean, const void* rstd, const void* gy, void* gx, void* ggain,
                         void* gbias) override {
        kernel(rows, count(3 * rows * width + 2 * rows), 0, type);
        const int64_t results = (ggain ? 1 : 0) + (gbias ? 1 : 0), n = groups * width;
        const int64_t pieces = rows > 0 ? cuda::affine_pieces(groups, width, rows / groups) : 0;
        if (rows > 0 && results > 0)  // one kernel for both results
            kernel(n, count(2 * rows * width + 2 * rows + results * pieces * n), 0, type);
        for (int64_t i = 0; i < results && pieces != 1; ++i) kernel(n, count((pieces + 1) * n), 0, type);
        to_.layer_norm_grad(type, rows, width, groups, offset, x, gain, mean, rstd, gy, gx, ggain, gbias);
    }
    void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                   const void* qkv, void* probabilities, void* y) override {
        const int64_t rows = batch * heads * tokens, values = rows * head_dim, scores = rows * tokens;
        if (cuda::attention_is_fused(tokens, head_dim, dtype_size(type))) {
            kernel(values, count(4 * values + 2 * scores), 4 * count(scores * head_dim), type);
        } else if (values > 0) {
            own_product(type, tokens, tokens, head_dim, batch * heads);
            kernel(rows, 2 * count(scores), 0, type);  // softmax
            own_product(type, tokens, head_dim, tokens, batch * heads);
        }
        to_.attention(type, batch, tokens, heads, head_dim, causal, qkv, probabilities, y);
    }
    void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                        const void* qkv, const void* probabilities, const void* gy, void* gqkv) override {
        const int64_t rows = batch * heads * tokens, values = rows * head_dim, scores = rows * tokens;
        if (cuda::attention_is_fused(tokens, head_dim, dtype_size(type))) {
            kernel(values, count(7 * values + 3 * scores), 8 * count(scores * head_dim), type);
        } else if (values > 0) {
            own_product(type, tokens, tokens, head_dim, batch * heads);
            kernel(rows, 3 * count(scores), 0, type);  // gradient of the softmax
            for (int part = 0; part < 3; ++part) own_product(type, tokens, head_dim, tokens, batch * heads);
        }
        to_.attention_grad(type, batch, tokens, heads, head_dim, causal, qkv, probabilities, gy, gqkv);
    }
    void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) override {
        kernel(rows, count(2 * rows * columns + rows), 0, type);
        to_.logsumexp(type, rows, columns, x, softmax, y);
    }
    void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a, const void* b,
                           void* y) override {
        kernel(n * m, count(n * m + (n + m) * width), 3 * count(n * m * width), type);
        to_.pairwise_distance(type, n, m, width, floor, a, b, y);
    }
    void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                const void* b, const void* y, const void* gy, void* ga, void* gb) override {
        kernel(n * m, 3 * count(n * m), 0, type);
        own_product(type, n, width, m, 1);
        own_product(type, m, width, n, 1);
        for (const bool of_b : {false, true}) {  // the total of each row, then the combination of both parts
            const int64_t rows = of_b ? m : n;
            kernel(rows, count(rows), 0, type);
            sum(type, rows, of_b ? n : m, of_b);
            kernel(rows * width, count(3 * rows * width + rows), 0, type);
        }
        to_.pairwise_distance_grad(type, n, m, width, floor, a, b, y, gy, ga, gb);
    }
    void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) override {
        kernel(n * width, count(2 * n * width + 2 * n), 0, type);
        to_.gather_rows(type, n, width, x, index, y);
    }
    void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                          void* gx) override {
        if (n * width > 0) {
            const int64_t pairs = cuda::sorted_pairs(n);
            kernel(pairs, 2 * count(n + pairs), 0, DType::f32);
            int64_t steps = 0;
            for (int64_t span = 2; span <= pairs; span *= 2)
                for (int64_t gap = span / 2; gap > 0; gap /= 2) ++steps;
            if (pairs <= cuda::kPairsInBlock) steps = 1;
            for (int64_t i = 0; i < steps; ++i) kernel(pairs, 4 * count(pairs), 0, DType::f32);
            kernel(n * width, count(3 * n * width), 0, type);
        }
        to_.scatter_add_rows(type, n, width, gy, index, gx);
    }
    void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                      int64_t* nearest) override {
        kernel(n, count((n + m) * width + 2 * n), 3 * count(n * m * width), type);
        to_.nearest_rows(type, n, m, width, x, points, nearest);
    }
    void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) override {
        kernel(n, count(n), 0, DType::f32);
        to_.random_uniform(n, state, low, high, y);
    }
    void random_normal(int64_t n, const int64_t* state, void* y) override {
        kernel(n, count(n), 0, DType::f32);
        to_.random_normal(n, state, y);
    }
    void norm(DType type, int64_t n, const void* x, double* y) override {
        const int64_t shares = cuda::norm_shares(n);
        kernel(n, count(n), 0, type);
        kernel(1, count(shares + 1), 0, DType::f64);  // adds the partial sums of the blocks
        to_.norm(type, n, x, y);
    }
    void record_metric(DType type, int64_t n, const void* x, const double* serial, double* y, double* failed) override {
        kernel(1, count(n), 0, type);
        to_.record_metric(type, n, x, serial, y, failed);
    }
    void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
              const double* failed, const void* gradient, void* parameter, void* first_moment,
              void* second_moment) override {
        kernel(n, 7 * count(n), 0, type);
        to_.adam(type, n, constants, factors, norm, failed, gradient, parameter, first_moment, second_moment);
    }
    void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards, void* y) override {
        kernel(n, 3 * count(n), 0, type);
        to_.lerp(type, n, rate, failed, towards, y);
    }
    // Counts a graph but does not capture it, so that the kernels are counted each time.
    std::unique_ptr<CapturedWork> capture(const std::function<void()>&) override {
        ++work_.graphs;
        return nullptr;
    }

  private:
    // Counts one kernel launch over n elements; none if n is 0. arrays: elements read and written.
    void kernel(int64_t n, double arrays, double flop, DType type) {
        if (n == 0) return;
        const double bytes = arrays * count(dtype_size(type));
        ++work_.launches;
        work_.bytes += bytes, work_.flop += flop;
        work_.kernels.push_back({bytes, flop});
    }
    // A kernel that reads `arrays` elements and writes a result. With several pieces, a second kernel adds them.
    void in_pieces(DType type, int64_t pieces, int64_t result, bool accumulate, double arrays, double flop) {
        const double written = (accumulate ? 2 : 1) * count(result), partial = count(pieces * result);
        kernel(result, arrays + (pieces > 1 ? partial : written), flop, type);
        if (pieces > 1) kernel(result, partial + written, 0, type);
    }
    void sum(DType type, int64_t kept, int64_t summed, bool kept_inner) {
        if (summed > 0)
            in_pieces(type, cuda::cut_sum(kept, summed, kept_inner).pieces, kept, true, count(kept * summed), 0);
    }
    void product(DType type, int64_t m, int64_t n, int64_t k, bool accumulate) {
        kernel(m * n, count(m * k + k * n + (accumulate ? 2 : 1) * m * n), 2 * count(m * n * k), type);
    }
    // Products with the built-in kernel, which some operations use even if cuBLAS is available, in one launch.
    void own_product(DType type, int64_t m, int64_t n, int64_t k, int64_t products) {
        in_pieces(type, cuda::product_pieces(m, n, k, products), products * m * n, false,
                  count(products * (m * k + k * n)), 2 * count(products * m * n * k));
    }
    // Whether the epilogue of a layer is fused: for k = 0 the backend uses the built-in product, which fuses it in f32.
    static bool fuses_epilogue(DType type, int64_t k) { return k == 0 && type == DType::f32; }

    Backend& to_;
    DeviceWork& work_;
};

}  // namespace

double DeviceWork::seconds(double bytes_per_second, double flop_per_second) const {
    double total = 0;
    for (const Kernel& k : kernels) total += std::max(k.bytes / bytes_per_second, k.flop / flop_per_second);
    return total;
}

std::unique_ptr<Backend> make_counting_backend(Backend& backend, DeviceWork& work) {
    return std::make_unique<CountingBackend>(backend, work);
}

}  // namespace astro::app
