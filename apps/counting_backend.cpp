#include "apps/counting_backend.h"

#include <algorithm>

namespace astro::app {

namespace {

double count(int64_t n) { return static_cast<double>(n); }
int64_t elements(const Traversal& t, const int64_t* step) {  // of an array that steps by `step`; null: the larger one
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
        ++work_.copies;
        to_.upload(to, from, bytes);
    }
    void download(void* to, const void* from, int64_t bytes) override {
        ++work_.copies, ++work_.waits;
        to_.download(to, from, bytes);
    }
    void copy(void* to, const void* from, int64_t bytes) override {
        kernel(2 * count(bytes) / 4, 0, DType::f32);
        to_.copy(to, from, bytes);
    }
    void fill(DType type, int64_t n, double value, void* y) override {
        kernel(count(n), 0, type);
        to_.fill(type, n, value, y);
    }
    void cast(DType from, const void* x, DType to, void* y, int64_t n) override {
        kernel(2 * count(n), 0, to);
        to_.cast(from, x, to, y, n);
    }
    void copy_rows(DType type, int64_t rows, int64_t columns, const void* x, int64_t x_stride, void* y,
                   int64_t y_stride, bool accumulate) override {
        kernel((accumulate ? 3 : 2) * count(rows * columns), 0, type);
        to_.copy_rows(type, rows, columns, x, x_stride, y, y_stride, accumulate);
    }
    void unary(UnaryOp op, DType type, int64_t n, const void* x, double p, double q, void* y) override {
        kernel(2 * count(n), 0, type);
        to_.unary(op, type, n, x, p, q, y);
    }
    void unary_grad(UnaryOp op, DType type, int64_t n, const void* x, const void* y, const void* gy, double p, double q,
                    void* gx) override {
        kernel(4 * count(n), 0, type);
        to_.unary_grad(op, type, n, x, y, gy, p, q, gx);
    }
    void binary(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, void* y) override {
        kernel(count(elements(t, t.a_step) + elements(t, t.b_step) + elements(t, nullptr)), 0, type);
        to_.binary(op, type, t, a, b, y);
    }
    void binary_grad(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, const void* gy,
                     bool second, void* g) override {
        kernel(count(elements(t, t.a_step) + elements(t, t.b_step) + 2 * elements(t, nullptr)), 0, type);
        to_.binary_grad(op, type, t, a, b, gy, second, g);
    }
    void sum_to(DType type, const Traversal& t, const void* x, void* y) override {
        kernel(count(elements(t, nullptr) + 2 * elements(t, t.b_step)), 0, type);
        to_.sum_to(type, t, x, y);
    }
    void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                void* y) override {
        kernel(2 * count(outer * length * inner), 0, type);
        to_.cumsum(type, outer, length, inner, reverse, x, y);
    }
    void gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void* a, int64_t lda, const void* b,
              int64_t ldb, void* c, int64_t ldc, bool accumulate) override {
        product(type, m, n, k, accumulate);
        to_.gemm(type, ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    }
    int64_t packed_size(DType type, int64_t k, int64_t n) const override { return to_.packed_size(type, k, n); }
    void pack(DType type, bool transpose_w, int64_t k, int64_t n, const void* w, void* packed) override {
        to_.pack(type, transpose_w, k, n, w, packed);  // the CUDA backend takes weights as they lie
    }
    void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool transpose_w,
                const void* bias, const UnaryOp* activation, void* slope, void* y) override {
        product(type, m, n, k, false);
        if (bias || activation) kernel((slope ? 3 : 2) * count(m * n), 0, type);
        to_.linear(type, m, n, k, x, w, transpose_w, bias, activation, slope, y);
    }
    void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                     bool accumulate) override {
        if (slope) kernel(3 * count(m * n), 0, type);
        if (gbias && !accumulate) kernel(count(n), 0, type);
        if (gbias) kernel(count(m * n + 2 * n), 0, type);
        to_.linear_grad(type, m, n, gy, slope, gz, gbias, accumulate);
    }
    void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                    const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) override {
        kernel(count(2 * rows * width + 2 * rows + (gain ? 2 * groups * width : 0)), 0, type);
        to_.layer_norm(type, rows, width, groups, epsilon, offset, x, gain, bias, y, mean, rstd);
    }
    void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                         const void* gain, const void* mean, const void* rstd, const void* gy, void* gx, void* ggain,
                         void* gbias) override {
        kernel(count(3 * rows * width + 2 * rows), 0, type);
        if (ggain || gbias) kernel(count(2 * rows * width + 2 * rows + 2 * groups * width), 0, type);
        to_.layer_norm_grad(type, rows, width, groups, offset, x, gain, mean, rstd, gy, gx, ggain, gbias);
    }
    void gated_add(DType type, int64_t rows, int64_t width, int64_t groups, const void* x, const void* gate,
                   const void* h, void* y) override {
        kernel(count(3 * rows * width + groups * width), 0, type);
        to_.gated_add(type, rows, width, groups, x, gate, h, y);
    }
    void gated_add_grad(DType type, int64_t rows, int64_t width, int64_t groups, const void* gate, const void* h,
                        const void* gy, void* ggate, void* gh) override {
        kernel(count(groups * width), 0, type);                     // the gate's gradient to zero
        kernel(count(3 * rows * width), 0, type);                   // gy h
        kernel(count(rows * width + 2 * groups * width), 0, type);  // its sums
        kernel(count(2 * rows * width + groups * width), 0, type);  // gate gy
        to_.gated_add_grad(type, rows, width, groups, gate, h, gy, ggate, gh);
    }
    void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                   const void* qkv, void* probabilities, void* y) override {
        const int64_t values = batch * tokens * heads * head_dim, scores = batch * heads * tokens * tokens;
        kernel(count(4 * values + 2 * scores), 4 * count(scores * head_dim), type);
        to_.attention(type, batch, tokens, heads, head_dim, causal, qkv, probabilities, y);
    }
    void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                        const void* qkv, const void* probabilities, const void* gy, void* gqkv) override {
        const int64_t values = batch * tokens * heads * head_dim, scores = batch * heads * tokens * tokens;
        kernel(count(7 * values + 3 * scores), 8 * count(scores * head_dim), type);
        to_.attention_grad(type, batch, tokens, heads, head_dim, causal, qkv, probabilities, gy, gqkv);
    }
    void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) override {
        kernel(count(2 * rows * columns + rows), 0, type);
        to_.logsumexp(type, rows, columns, x, softmax, y);
    }
    void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a, const void* b,
                           void* y) override {
        kernel(count(n * m + (n + m) * width), 3 * count(n * m * width), type);
        to_.pairwise_distance(type, n, m, width, floor, a, b, y);
    }
    void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                const void* b, const void* y, const void* gy, void* ga, void* gb) override {
        kernel(3 * count(n * m), 0, type);
        product(type, n, width, m, false);
        product(type, m, width, n, false);
        for (int64_t rows : {n, m}) {  // total of each row, then the two parts together
            kernel(count(rows), 0, type);
            kernel(count(n * m + rows), 0, type);
            kernel(count(3 * rows * width), 0, type);
        }
        to_.pairwise_distance_grad(type, n, m, width, floor, a, b, y, gy, ga, gb);
    }
    void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) override {
        kernel(count(2 * n * width + 2 * n), 0, type);
        to_.gather_rows(type, n, width, x, index, y);
    }
    void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                          void* gx) override {
        kernel(count(4 * n), 0, type);
        kernel(count(4 * n), 0, type);  // the sort, in one block up to 1024 rows
        kernel(count(3 * n * width), 0, type);
        to_.scatter_add_rows(type, n, width, gy, index, gx);
    }
    void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                      int64_t* nearest) override {
        kernel(count((n + m) * width + 2 * n), 3 * count(n * m * width), type);
        to_.nearest_rows(type, n, m, width, x, points, nearest);
    }
    void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) override {
        kernel(count(n), 0, DType::f32);
        to_.random_uniform(n, state, low, high, y);
    }
    void random_normal(int64_t n, const int64_t* state, void* y) override {
        kernel(count(n), 0, DType::f32);
        to_.random_normal(n, state, y);
    }
    void norm(DType type, int64_t n, const void* x, double* y) override {
        kernel(count(n), 0, type);
        kernel(0, 0, type);  // adds up the blocks' shares
        to_.norm(type, n, x, y);
    }
    void figure(DType type, int64_t n, const void* x, const double* serial, double* y, double* failed) override {
        kernel(count(n), 0, type);
        to_.figure(type, n, x, serial, y, failed);
    }
    void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
              const double* failed, const void* gradient, void* parameter, void* first_moment,
              void* second_moment) override {
        kernel(7 * count(n), 0, type);
        to_.adam(type, n, constants, factors, norm, failed, gradient, parameter, first_moment, second_moment);
    }
    void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards, void* y) override {
        kernel(3 * count(n), 0, type);
        to_.lerp(type, n, rate, failed, towards, y);
    }
    // Not captured, so that the kernels are counted every time.
    std::unique_ptr<CapturedWork> capture(const std::function<void()>&) override {
        ++work_.graphs;
        return nullptr;
    }

  private:
    void kernel(double arrays, double flop, DType type) {
        const double bytes = arrays * count(dtype_size(type));
        ++work_.launches;
        work_.bytes += bytes, work_.flop += flop;
        work_.kernels.push_back({bytes, flop});
    }
    void product(DType type, int64_t m, int64_t n, int64_t k, bool accumulate) {
        kernel(count(m * k + k * n + (accumulate ? 2 : 1) * m * n), 2 * count(m * n * k), type);
    }

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
