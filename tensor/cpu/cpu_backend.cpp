// The CPU backend. It forwards to the kernels of the best instruction set that this machine supports.
#include <sys/mman.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "tensor/backend.h"
#include "tensor/base/rows.h"
#include "tensor/cpu/kernels.h"
#include "tensor/cpu/nearest_rows.h"

namespace astro {

namespace {

using cpu::Kernels;
using cpu::KernelTables;

// Whether the environment variable ASTRO_ISA allows this instruction set.
bool allowed(const char* isa) {
    const char* limit = std::getenv("ASTRO_ISA");
    if (!limit) return true;
    if (!std::strcmp(limit, "portable")) return false;
    return std::strcmp(limit, "avx2") != 0 || std::strcmp(isa, "avx2") == 0;
}

KernelTables choose() {
#if defined(__x86_64__)
    if (allowed("avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return cpu::avx512_kernels();
    if (allowed("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return cpu::avx2_kernels();
#endif
    return cpu::portable_kernels();
}

const KernelTables& tables() {
    static const KernelTables chosen = choose();
    return chosen;
}

template <class T>
const Kernels<T>& kernels();
template <>
const Kernels<float>& kernels<float>() {
    return tables().f32;
}
template <>
const Kernels<double>& kernels<double>() {
    return tables().f64;
}

std::atomic<int64_t> flop_count{0};

class HostAllocator : public Allocator {
    static constexpr int64_t kHugePage = 2 << 20;

  public:
    HostAllocator() : Allocator(int64_t{512} << 20) {}
    ~HostAllocator() override { flush(); }

  protected:
    // Large blocks use huge pages, which reduces TLB misses: matrix products of 1024 x 1024 are 1.5 times as fast.
    void* device_allocate(int64_t bytes) override {
        const bool huge = bytes % kHugePage == 0;
        void* block = std::aligned_alloc(huge ? size_t{kHugePage} : 64, to_size(bytes));
        if (block && huge) madvise(block, to_size(bytes), MADV_HUGEPAGE);
        return block;
    }
    void device_release(void* block) override { std::free(block); }
};

// Per-thread memory for packing (slot 0) and scratch (slot 1). It grows as needed and is reused.
void* workspace(int slot, int64_t bytes) {
    struct Block {
        void* data = nullptr;
        int64_t bytes = 0;
        ~Block() { std::free(data); }
    };
    thread_local Block blocks[2];
    Block& block = blocks[slot];
    if (block.bytes < bytes) {
        std::free(block.data);
        block.bytes = (bytes + 63) / 64 * 64;
        block.data = std::aligned_alloc(64, to_size(block.bytes));
        if (!block.data) {
            block.bytes = 0;
            throw std::bad_alloc();
        }
    }
    return block.data;
}

template <class T>
T* gemm_space() {
    return static_cast<T*>(workspace(0, cpu::gemm_workspace<T>() * int64_t{sizeof(T)}));
}
template <class T>
T* scratch(int64_t n) {
    return static_cast<T*>(workspace(1, (n + 1) * int64_t{sizeof(T)}));
}

template <class T>
const T* in(const void* p) {
    return static_cast<const T*>(p);
}
template <class T>
T* out(void* p) {
    return static_cast<T*>(p);
}

// Executes the statements with T = float or double. Most methods below consist of one such line.
#define ASTRO_DISPATCH(op, ...)            \
    visit_float(op, type, [&](auto zero) { \
        using T = decltype(zero);          \
        __VA_ARGS__;                       \
    })

class CpuBackend : public Backend {
  public:
    std::string name() const override { return "cpu"; }
    Allocator& allocator() override { return allocator_; }

    void upload(void* to, const void* from, int64_t bytes) override { copy(to, from, bytes); }
    void download(void* to, const void* from, int64_t bytes) override { copy(to, from, bytes); }
    void copy(void* to, const void* from, int64_t bytes) override {
        if (bytes > 0) std::memcpy(to, from, to_size(bytes));
    }
    void fill(DType type, int64_t n, double value, void* y) override {
        visit(type, [&](auto zero) {
            using T = decltype(zero);
            for (int64_t i = 0; i < n; ++i) out<T>(y)[i] = static_cast<T>(value);
        });
    }
    void cast(DType from, const void* x, DType to, void* y, int64_t n) override {
        visit(from, [&](auto a) {
            using A = decltype(a);
            visit(to, [&](auto b) {
                using B = decltype(b);
                for (int64_t i = 0; i < n; ++i) out<B>(y)[i] = static_cast<B>(in<A>(x)[i]);
            });
        });
    }
    void copy_rows(DType type, int64_t rows, int64_t columns, const void* x, int64_t x_stride, void* y,
                   int64_t y_stride, bool accumulate) override {
        ASTRO_DISPATCH("copy_rows",
                       kernels<T>().copy_rows(rows, columns, in<T>(x), x_stride, out<T>(y), y_stride, accumulate));
    }
    void unary(UnaryOp op, DType type, int64_t n, const void* x, double p, double q, void* y) override {
        ASTRO_DISPATCH(op_name(op), kernels<T>().unary(op, n, in<T>(x), T(p), T(q), out<T>(y)));
    }
    void unary_grad(UnaryOp op, DType type, int64_t n, const void* x, const void* y, const void* gy, double p, double q,
                    void* gx) override {
        ASTRO_DISPATCH(op_name(op),
                       kernels<T>().unary_grad(op, n, in<T>(x), in<T>(y), in<T>(gy), T(p), T(q), out<T>(gx)));
    }
    void binary(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, void* y) override {
        ASTRO_DISPATCH(op_name(op), kernels<T>().binary(op, t, in<T>(a), in<T>(b), out<T>(y)));
    }
    void binary_grad(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, const void* gy,
                     bool second, void* g) override {
        ASTRO_DISPATCH(op_name(op), kernels<T>().binary_grad(op, t, in<T>(a), in<T>(b), in<T>(gy), second, out<T>(g)));
    }
    void sum_to(DType type, const Traversal& t, const void* x, void* y) override {
        ASTRO_DISPATCH("sum_to", kernels<T>().sum_to(t, in<T>(x), out<T>(y)));
    }
    void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                void* y) override {
        ASTRO_DISPATCH(
            "cumsum", for (int64_t o = 0; o < outer; ++o) for (int64_t l = 0; l < length; ++l) {
                const int64_t at = (o * length + (reverse ? length - 1 - l : l)) * inner;
                const int64_t before = reverse ? at + inner : at - inner;
                for (int64_t i = 0; i < inner; ++i)
                    out<T>(y)[at + i] = in<T>(x)[at + i] + (l > 0 ? out<T>(y)[before + i] : T(0));
            });
    }
    void gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void* a, int64_t lda, const void* b,
              int64_t ldb, void* c, int64_t ldc, bool accumulate) override {
        flop_count.fetch_add(2 * m * n * k, std::memory_order_relaxed);
        ASTRO_DISPATCH("gemm", kernels<T>().gemm(ta, tb, m, n, k, in<T>(a), lda, in<T>(b), ldb, out<T>(c), ldc,
                                                 accumulate, gemm_space<T>()));
    }
    int64_t packed_size(DType type, int64_t k, int64_t n) const override {
        return ASTRO_DISPATCH("packed_size", return kernels<T>().packed_size(k, n));
    }
    void pack(DType type, bool tb, int64_t k, int64_t n, const void* b, void* packed) override {
        ASTRO_DISPATCH("pack", kernels<T>().pack_matrix(tb, k, n, in<T>(b), tb ? k : n, out<T>(packed)));
    }
    void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool, const void* bias,
                const UnaryOp* activation, void* slope, void* y) override {
        flop_count.fetch_add(2 * m * n * k, std::memory_order_relaxed);
        ASTRO_DISPATCH("linear", kernels<T>().linear(m, n, k, in<T>(x), in<T>(w), in<T>(bias), activation,
                                                     out<T>(slope), out<T>(y)));
    }
    void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                     bool accumulate) override {
        ASTRO_DISPATCH("linear_grad",
                       kernels<T>().linear_grad(m, n, in<T>(gy), in<T>(slope), out<T>(gz), out<T>(gbias), accumulate));
    }
    void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                    const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) override {
        ASTRO_DISPATCH("layer_norm",
                       kernels<T>().layer_norm(rows, width, groups, T(epsilon), T(offset), in<T>(x), in<T>(gain),
                                               in<T>(bias), out<T>(y), out<T>(mean), out<T>(rstd)));
    }
    void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                         const void* gain, const void* mean, const void* rstd, const void* gy, void* gx, void* ggain,
                         void* gbias) override {
        ASTRO_DISPATCH("layer_norm_grad",
                       kernels<T>().layer_norm_grad(rows, width, groups, T(offset), in<T>(x), in<T>(gain), in<T>(mean),
                                                    in<T>(rstd), in<T>(gy), out<T>(gx), out<T>(ggain), out<T>(gbias)));
    }
    void gated_linear(DType type, int64_t m, int64_t n, int64_t k, int64_t groups, const void* h, const void* w,
                      const void* bias, const void* x, const void* gate, void* z, void* y) override {
        flop_count.fetch_add(2 * m * n * k, std::memory_order_relaxed);
        ASTRO_DISPATCH("gated_linear", kernels<T>().gated_linear(m, n, k, groups, in<T>(h), in<T>(w), in<T>(bias),
                                                                 in<T>(x), in<T>(gate), out<T>(z), out<T>(y)));
    }
    void gated_linear_grad(DType type, int64_t m, int64_t n, int64_t groups, const void* gate, const void* z,
                           const void* gy, void* ggate, void* gz) override {
        ASTRO_DISPATCH("gated_linear_grad", kernels<T>().gated_linear_grad(m, n, groups, in<T>(gate), in<T>(z),
                                                                           in<T>(gy), out<T>(ggate), out<T>(gz)));
    }
    void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                   const void* qkv, void* probabilities, void* y) override {
        flop_count.fetch_add(4 * batch * heads * tokens * tokens * head_dim, std::memory_order_relaxed);
        ASTRO_DISPATCH("attention", kernels<T>().attention(batch, tokens, heads, head_dim, causal, in<T>(qkv),
                                                           out<T>(probabilities), out<T>(y), gemm_space<T>()));
    }
    void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool,
                        const void* qkv, const void* probabilities, const void* gy, void* gqkv) override {
        flop_count.fetch_add(8 * batch * heads * tokens * tokens * head_dim, std::memory_order_relaxed);
        ASTRO_DISPATCH("attention_grad", kernels<T>().attention_grad(batch, tokens, heads, head_dim, in<T>(qkv),
                                                                     in<T>(probabilities), in<T>(gy), out<T>(gqkv),
                                                                     gemm_space<T>(), scratch<T>(tokens * tokens)));
    }
    void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) override {
        ASTRO_DISPATCH("logsumexp", kernels<T>().logsumexp(rows, columns, in<T>(x), out<T>(softmax), out<T>(y)));
    }
    void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a, const void* b,
                           void* y) override {
        ASTRO_DISPATCH("pairwise_distance", kernels<T>().pairwise_distance(n, m, width, T(floor), in<T>(a), in<T>(b),
                                                                           out<T>(y), scratch<T>(m * width)));
    }
    void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                const void* b, const void* y, const void* gy, void* ga, void* gb) override {
        ASTRO_DISPATCH("pairwise_distance_grad", kernels<T>().pairwise_distance_grad(
                                                     n, m, width, T(floor), in<T>(a), in<T>(b), in<T>(y), in<T>(gy),
                                                     out<T>(ga), out<T>(gb), gemm_space<T>(), scratch<T>(n * m + m)));
    }
    void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) override {
        ASTRO_DISPATCH("gather_rows", for (int64_t i = 0; i < n; ++i) for (int64_t w = 0; w < width; ++w)
                                          out<T>(y)[i * width + w] = in<T>(x)[index[i] * width + w]);
    }
    void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                          void* gx) override {
        ASTRO_DISPATCH("scatter_add_rows", for (int64_t i = 0; i < n; ++i) for (int64_t w = 0; w < width; ++w)
                                               out<T>(gx)[index[i] * width + w] += in<T>(gy)[i * width + w]);
    }
    void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                      int64_t* nearest) override {
        ASTRO_DISPATCH("nearest_rows", cpu::nearest_rows(n, m, width, in<T>(x), in<T>(points), nearest));
    }
    void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) override {
        Rng(Rng::unpack(state)).fill_uniform(out<float>(y), n, low, high);
    }
    void random_normal(int64_t n, const int64_t* state, void* y) override {
        Rng(Rng::unpack(state)).fill_normal(out<float>(y), n);
    }
    void norm(DType type, int64_t n, const void* x, double* y) override {
        ASTRO_DISPATCH("norm", *y = std::sqrt(kernels<T>().sum_of_squares(n, in<T>(x))));
    }
    void record_metric(DType type, int64_t n, const void* x, const double* serial, double* y, double* failed) override {
        if (*failed != 0 && *failed != *serial) return;
        *y = 0;
        ASTRO_DISPATCH("record_metric", for (int64_t i = 0; i < n; ++i)* y += static_cast<double>(in<T>(x)[i]));
        if (!std::isfinite(*y)) *failed = *serial;
    }
    void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
              const double* failed, const void* g, void* w, void* m, void* v) override {
        if (*failed != 0) return;
        ASTRO_DISPATCH("adam", kernels<T>().adam(n, AdamStep<T>(constants, factors, *norm), in<T>(g), out<T>(w),
                                                 out<T>(m), out<T>(v)));
    }
    void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards, void* y) override {
        if (*failed != 0) return;
        ASTRO_DISPATCH("lerp", kernels<T>().lerp(n, T(*rate), in<T>(towards), out<T>(y)));
    }
    std::unique_ptr<CapturedWork> capture(const std::function<void()>&) override { return nullptr; }

  private:
    HostAllocator allocator_;
};

#undef ASTRO_DISPATCH

}  // namespace

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<CpuBackend>(); }

int64_t cpu_flop_count() { return flop_count.load(std::memory_order_relaxed); }

int64_t cpu_peak_loop(int64_t rounds) { return kernels<float>().peak_loop(rounds); }

const char* cpu_isa_name() { return tables().isa; }

}  // namespace astro
