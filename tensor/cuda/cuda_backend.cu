// The CUDA backend. It forwards to the kernels, on one stream.
//
// A lock allows several host threads to share the backend. The stream executes operations in the order in which they
// were issued.
#include <mutex>

#include "tensor/cuda/cublas_products.h"
#include "tensor/cuda/cuda.h"
#include "tensor/cuda/graph.h"
#include "tensor/cuda/kernels.h"
#include "tensor/cuda/memory.h"

namespace astro {

namespace {

using cuda::Device;

template <class T>
const T* in(const void* p) {
    return static_cast<const T*>(p);
}
template <class T>
T* out(void* p) {
    return static_cast<T*>(p);
}

// Owns a stream.
struct Stream {
    cudaStream_t handle = nullptr;
    Stream() { gpu::check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), "stream"); }
    ~Stream() { cudaStreamDestroy(handle); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
};

// Executes the statements with T = float or double, while holding the lock.
#define ASTRO_DISPATCH(op, ...)               \
    std::lock_guard<std::mutex> lock(mutex_); \
    visit_float(op, type, [&](auto zero) {    \
        using T = decltype(zero);             \
        __VA_ARGS__;                          \
    })

class CudaBackend : public Backend {
  public:
    CudaBackend(const CudaOptions& options, const cudaDeviceProp& properties)
        : captures_(options.capture),
          allocator_(gpu::kEmulated ? options.emulated_cache : static_cast<int64_t>(properties.totalGlobalMem / 4 * 3)),
          staging_(stream_.handle) {
        device_ = {stream_.handle, &allocator_};
        check_test_kernel();
        std::string reason = "as requested";
        if (options.matmul != Matmul::own) cublas_ = cuda::Cublas::open(device_, options.matmul, reason);
        if (cublas_ && !cublas_works(reason)) cublas_.reset();
        if (!cublas_ && (options.matmul == Matmul::tf32 || options.matmul == Matmul::bf16))
            fail(ErrorKind::device, "tf32 and bf16 products need cuBLAS: ", reason);
        name_ = text("cuda (", properties.name, ", ",
                     cublas_ ? cublas_->words() : text("own matrix products, ", reason), ")");
    }
    ~CudaBackend() override { cudaStreamSynchronize(stream_.handle); }

    std::string name() const override { return name_; }
    Allocator& allocator() override { return allocator_; }

    void upload(void* to, const void* from, int64_t bytes) override {
        std::lock_guard<std::mutex> lock(mutex_);
        ASTRO_CHECK(!capturing_, "cuda: an upload inside captured work; every replay would upload the same bytes");
        staging_.send(to, from, bytes);
    }
    void download(void* to, const void* from, int64_t bytes) override {
        std::lock_guard<std::mutex> lock(mutex_);
        fetch(to, from, bytes);
    }
    void copy(void* to, const void* from, int64_t bytes) override {
        std::lock_guard<std::mutex> lock(mutex_);
        if (bytes > 0)
            gpu::check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToDevice, stream_.handle),
                       "copy");
    }
    void fill(DType type, int64_t n, double value, void* y) override {
        std::lock_guard<std::mutex> lock(mutex_);
        visit(type, [&](auto zero) {
            using T = decltype(zero);
            cuda::fill(device_, n, static_cast<T>(value), out<T>(y));
        });
    }
    void cast(DType from, const void* x, DType to, void* y, int64_t n) override {
        std::lock_guard<std::mutex> lock(mutex_);
        visit(from, [&](auto a) {
            using A = decltype(a);
            visit(to, [&](auto b) {
                using B = decltype(b);
                cuda::cast(device_, n, in<A>(x), out<B>(y));
            });
        });
    }
    void copy_rows(DType type, int64_t rows, int64_t columns, const void* x, int64_t x_stride, void* y,
                   int64_t y_stride, bool accumulate) override {
        ASTRO_DISPATCH("copy_rows",
                       cuda::copy_rows(device_, rows, columns, in<T>(x), x_stride, out<T>(y), y_stride, accumulate));
    }
    void unary(UnaryOp op, DType type, int64_t n, const void* x, double p, double q, void* y) override {
        ASTRO_DISPATCH(op_name(op), cuda::unary(device_, op, n, in<T>(x), T(p), T(q), out<T>(y)));
    }
    void unary_grad(UnaryOp op, DType type, int64_t n, const void* x, const void* y, const void* gy, double p, double q,
                    void* gx) override {
        ASTRO_DISPATCH(op_name(op),
                       cuda::unary_grad(device_, op, n, in<T>(x), in<T>(y), in<T>(gy), T(p), T(q), out<T>(gx)));
    }
    void binary(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, void* y) override {
        ASTRO_DISPATCH(op_name(op), cuda::binary(device_, op, t, in<T>(a), in<T>(b), out<T>(y)));
    }
    void binary_grad(BinaryOp op, DType type, const Traversal& t, const void* a, const void* b, const void* gy,
                     bool second, void* g) override {
        ASTRO_DISPATCH(op_name(op),
                       cuda::binary_grad(device_, op, t, in<T>(a), in<T>(b), in<T>(gy), second, out<T>(g)));
    }
    void sum_to(DType type, const Traversal& t, const void* x, void* y) override {
        ASTRO_DISPATCH("sum_to", cuda::sum_to(device_, t, in<T>(x), out<T>(y)));
    }
    void cumsum(DType type, int64_t outer, int64_t length, int64_t inner, bool reverse, const void* x,
                void* y) override {
        ASTRO_DISPATCH("cumsum", cuda::cumsum(device_, outer, length, inner, reverse, in<T>(x), out<T>(y)));
    }
    void gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void* a, int64_t lda, const void* b,
              int64_t ldb, void* c, int64_t ldc, bool accumulate) override {
        cuda::GemmShape s;
        s.transpose_a = ta, s.transpose_b = tb;
        s.m = m, s.n = n, s.k = k, s.lda = lda, s.ldb = ldb, s.ldc = ldc;
        s.accumulate = accumulate;
        ASTRO_DISPATCH("gemm", product(s, in<T>(a), in<T>(b), out<T>(c)));
    }
    int64_t packed_size(DType, int64_t, int64_t) const override { return 0; }  // weights are not packed
    void pack(DType, bool, int64_t, int64_t, const void*, void*) override {
        fail(ErrorKind::internal, "cuda: weights are never packed");
    }
    void linear(DType type, int64_t m, int64_t n, int64_t k, const void* x, const void* w, bool transpose_w,
                const void* bias, const UnaryOp* activation, void* slope, void* y) override {
        const cuda::GemmShape s = dense(m, n, k, transpose_w);
        ASTRO_DISPATCH("linear",
                       fused_linear(s, in<T>(x), in<T>(w), in<T>(bias), activation, out<T>(slope), out<T>(y)));
    }
    void linear_grad(DType type, int64_t m, int64_t n, const void* gy, const void* slope, void* gz, void* gbias,
                     bool accumulate) override {
        ASTRO_DISPATCH("linear_grad", cuda::linear_grad(device_, m, n, in<T>(gy), in<T>(slope), out<T>(gz),
                                                        out<T>(gbias), accumulate));
    }
    void gated_linear(DType type, int64_t m, int64_t n, int64_t k, int64_t groups, const void* h, const void* w,
                      const void* bias, const void* x, const void* gate, void* z, void* y) override {
        const cuda::GemmShape s = dense(m, n, k, false);
        ASTRO_DISPATCH("gated_linear", gated_product(s, in<T>(h), in<T>(w), groups, in<T>(bias), in<T>(x), in<T>(gate),
                                                     out<T>(z), out<T>(y)));
    }
    void gated_linear_grad(DType type, int64_t m, int64_t n, int64_t groups, const void* gate, const void* z,
                           const void* gy, void* ggate, void* gz) override {
        ASTRO_DISPATCH("gated_linear_grad", cuda::gated_linear_grad(device_, m, n, groups, in<T>(gate), in<T>(z),
                                                                    in<T>(gy), out<T>(ggate), out<T>(gz)));
    }
    void layer_norm(DType type, int64_t rows, int64_t width, int64_t groups, double epsilon, double offset,
                    const void* x, const void* gain, const void* bias, void* y, void* mean, void* rstd) override {
        ASTRO_DISPATCH("layer_norm", cuda::layer_norm(device_, rows, width, groups, T(epsilon), T(offset), in<T>(x),
                                                      in<T>(gain), in<T>(bias), out<T>(y), out<T>(mean), out<T>(rstd)));
    }
    void layer_norm_grad(DType type, int64_t rows, int64_t width, int64_t groups, double offset, const void* x,
                         const void* gain, const void* mean, const void* rstd, const void* gy, void* gx, void* ggain,
                         void* gbias) override {
        ASTRO_DISPATCH("layer_norm_grad", cuda::layer_norm_grad(device_, rows, width, groups, T(offset), in<T>(x),
                                                                in<T>(gain), in<T>(mean), in<T>(rstd), in<T>(gy),
                                                                out<T>(gx), out<T>(ggain), out<T>(gbias)));
    }
    void attention(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                   const void* qkv, void* probabilities, void* y) override {
        ASTRO_DISPATCH("attention", cuda::attention(device_, {batch, tokens, heads, head_dim, causal}, in<T>(qkv),
                                                    out<T>(probabilities), out<T>(y)));
    }
    void attention_grad(DType type, int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal,
                        const void* qkv, const void* probabilities, const void* gy, void* gqkv) override {
        ASTRO_DISPATCH("attention_grad",
                       cuda::attention_grad(device_, {batch, tokens, heads, head_dim, causal}, in<T>(qkv),
                                            in<T>(probabilities), in<T>(gy), out<T>(gqkv)));
    }
    void logsumexp(DType type, int64_t rows, int64_t columns, const void* x, void* softmax, void* y) override {
        ASTRO_DISPATCH("logsumexp", cuda::logsumexp(device_, rows, columns, in<T>(x), out<T>(softmax), out<T>(y)));
    }
    void pairwise_distance(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a, const void* b,
                           void* y) override {
        ASTRO_DISPATCH("pairwise_distance",
                       cuda::pairwise_distance(device_, n, m, width, T(floor), in<T>(a), in<T>(b), out<T>(y)));
    }
    void pairwise_distance_grad(DType type, int64_t n, int64_t m, int64_t width, double floor, const void* a,
                                const void* b, const void* y, const void* gy, void* ga, void* gb) override {
        ASTRO_DISPATCH("pairwise_distance_grad",
                       cuda::pairwise_distance_grad(device_, n, m, width, T(floor), in<T>(a), in<T>(b), in<T>(y),
                                                    in<T>(gy), out<T>(ga), out<T>(gb)));
    }
    void gather_rows(DType type, int64_t n, int64_t width, const void* x, const int64_t* index, void* y) override {
        ASTRO_DISPATCH("gather_rows", cuda::gather_rows(device_, n, width, in<T>(x), index, out<T>(y)));
    }
    void scatter_add_rows(DType type, int64_t n, int64_t width, const void* gy, const int64_t* index,
                          void* gx) override {
        ASTRO_DISPATCH("scatter_add_rows", cuda::scatter_add_rows(device_, n, width, in<T>(gy), index, out<T>(gx)));
    }
    void nearest_rows(DType type, int64_t n, int64_t m, int64_t width, const void* x, const void* points,
                      int64_t* nearest) override {
        ASTRO_DISPATCH("nearest_rows", cuda::nearest_rows(device_, n, m, width, in<T>(x), in<T>(points), nearest));
    }
    void random_uniform(int64_t n, const int64_t* state, float low, float high, void* y) override {
        std::lock_guard<std::mutex> lock(mutex_);
        cuda::random_uniform(device_, n, state, low, high, out<float>(y));
    }
    void random_normal(int64_t n, const int64_t* state, void* y) override {
        std::lock_guard<std::mutex> lock(mutex_);
        cuda::random_normal(device_, n, state, out<float>(y));
    }
    void norm(DType type, int64_t n, const void* x, double* y) override {
        ASTRO_DISPATCH("norm", cuda::norm(device_, n, in<T>(x), y));
    }
    void record_metric(DType type, int64_t n, const void* x, const double* serial, double* y, double* failed) override {
        ASTRO_DISPATCH("record_metric", cuda::record_metric(device_, n, in<T>(x), serial, y, failed));
    }
    void adam(DType type, int64_t n, const AdamConstants& constants, const double* factors, const double* norm,
              const double* failed, const void* g, void* w, void* m, void* v) override {
        ASTRO_DISPATCH("adam", cuda::adam(device_, n, constants, factors, norm, failed, in<T>(g), out<T>(w), out<T>(m),
                                          out<T>(v)));
    }
    void lerp(DType type, int64_t n, const double* rate, const double* failed, const void* towards, void* y) override {
        ASTRO_DISPATCH("lerp", cuda::lerp(device_, n, rate, failed, in<T>(towards), out<T>(y)));
    }
    std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) override {
        if (!captures_) return nullptr;
        auto graph = std::make_unique<cuda::Graph>(stream_.handle, allocator_, mutex_);
        capturing_ = true;
        try {
            work();
        } catch (...) {
            capturing_ = false;
            graph->discard();
            throw;
        }
        capturing_ = false;
        graph->finish();
        return graph;
    }

  private:
    // Tries a product, because some versions of cuBLAS load on devices for which they have no code.
    bool cublas_works(std::string& reason) {
        cuda::Scratch<float> two(device_, 2);
        float product = 0;
        cuda::fill(device_, 1, 1.5f, two.get());
        try {
            cublas_->gemm(dense(1, 1, 1, false), two.get(), two.get(), two.get() + 1);
            staging_.fetch(&product, two.get() + 1, sizeof product);
        } catch (const Error& error) {
            reason = error.what();
            return false;
        }
        if (product != 2.25f) reason = text("cuBLAS gives ", product, " for 1.5 times 1.5");
        return product == 2.25f;
    }
    // Runs a kernel and copies its result back, so that an unusable device (for example one for which the program has
    // no machine code) is detected at start.
    void check_test_kernel() {
        cuda::Scratch<float> one(device_, 1);
        float value = 0;
        cuda::fill(device_, 1, 2.5f, one.get());
        staging_.fetch(&value, one.get(), sizeof value);
        if (value != 2.5f) fail(ErrorKind::device, "CUDA: a test kernel returned ", value, " instead of 2.5");
    }
    // The product of contiguous matrices (m, k) and (k, n), or (n, k) if transposed.
    static cuda::GemmShape dense(int64_t m, int64_t n, int64_t k, bool transpose_b) {
        cuda::GemmShape s;
        s.transpose_b = transpose_b;
        s.m = m, s.n = n, s.k = k, s.lda = k, s.ldb = transpose_b ? k : n, s.ldc = n;
        return s;
    }
    // Computes the product with cuBLAS if possible. Returns false if the built-in product must be used.
    template <class T>
    bool by_cublas(const cuda::GemmShape& s, const T* a, const T* b, T* c) {
        constexpr int64_t kMax = 0x7fffffff;  // cuBLAS takes sizes as int
        const bool known = cublas_ && s.m > 0 && s.n > 0 && s.k > 0 && s.m <= kMax && s.n <= kMax && s.k <= kMax;
        if (known) cublas_->gemm(s, a, b, c);
        return known;
    }
    template <class T>
    void product(const cuda::GemmShape& s, const T* a, const T* b, T* c) {
        if (!by_cublas(s, a, b, c)) cuda::gemm(device_, s, a, b, c);
    }
    template <class T>
    void fused_linear(const cuda::GemmShape& s, const T* x, const T* w, const T* bias, const UnaryOp* activation,
                      T* slope, T* y) {
        if (by_cublas(s, x, w, y))
            cuda::bias_activation(device_, s.m, s.n, static_cast<const T*>(y), bias, activation, slope, y);
        else
            cuda::linear(device_, s, x, w, bias, activation, slope, y);
    }
    template <class T>
    void gated_product(const cuda::GemmShape& s, const T* h, const T* w, int64_t groups, const T* bias, const T* x,
                       const T* gate, T* z, T* y) {
        if (by_cublas(s, h, w, y))
            cuda::gated_add(device_, s.m, s.n, groups, bias, x, gate, z, y);
        else
            cuda::gated_linear(device_, s, h, w, groups, bias, x, gate, z, y);
    }
    void fetch(void* to, const void* from, int64_t bytes) {
        ASTRO_CHECK(!capturing_, "cuda: a download inside captured work");
        staging_.fetch(to, from, bytes);
        allocator_.synchronised();
    }

    std::mutex mutex_;
    bool captures_, capturing_ = false;
    Stream stream_;
    cuda::DeviceAllocator allocator_;
    cuda::Staging staging_;
    Device device_;
    std::unique_ptr<cuda::Cublas> cublas_;
    std::string name_;
};

#undef ASTRO_DISPATCH

// Number of devices, as reported by the driver.
struct Devices {
    int count = 0;
    int driver = 0;  // latest CUDA version that the driver supports, 1000 * major + 10 * minor; 0: no driver
    cudaError_t status = cudaSuccess;  // the reason if there is no device

    Devices() {
        status = cudaGetDeviceCount(&count);
        if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
        if (status != cudaSuccess) count = 0;
        cudaGetLastError();  // so that the next launch does not report it again
        cudaDriverGetVersion(&driver);
    }
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason) try {
    const Devices found;
    if (found.count == 0) {
        reason = std::string("no usable device: ") + cudaGetErrorString(found.status);
        if (found.status == cudaErrorInsufficientDriver)
            reason += found.driver > 0
                          ? text(" (it supports CUDA up to ", found.driver / 1000, ".", found.driver % 1000 / 10, ")")
                          : text(" (there is no driver)");
        return nullptr;
    }
    cudaDeviceProp properties;
    gpu::check(cudaGetDeviceProperties(&properties, 0), "device 0");
    return std::make_unique<CudaBackend>(options, properties);
} catch (const Error& error) {
    reason = std::string("device 0 cannot be used: ") + error.what();
    return nullptr;
} catch (const std::bad_alloc&) {
    reason = "device 0 cannot be used: it has no memory left";
    return nullptr;
}

bool cuda_present() {
    const Devices found;
    return found.count > 0 || (found.status != cudaErrorNoDevice && found.driver > 0);
}

bool cuda_peaks(DevicePeaks& peaks) {
    int memory_kilohertz = 0, bus_bits = 0, kilohertz = 0, processors = 0, major = 0, minor = 0;
    for (const auto& [value, attribute] : {std::pair{&memory_kilohertz, cudaDevAttrMemoryClockRate},
                                           {&bus_bits, cudaDevAttrGlobalMemoryBusWidth},
                                           {&kilohertz, cudaDevAttrClockRate},
                                           {&processors, cudaDevAttrMultiProcessorCount},
                                           {&major, cudaDevAttrComputeCapabilityMajor},
                                           {&minor, cudaDevAttrComputeCapabilityMinor}})
        if (cudaDeviceGetAttribute(value, attribute, 0) != cudaSuccess) {
            cudaGetLastError();
            return false;
        }
    // Some virtual devices report zeros.
    if (memory_kilohertz == 0 || bus_bits == 0 || kilohertz == 0 || processors == 0) return false;
    const bool half = major == 7 || (major == 8 && minor == 0);            // 64 f32 units per multiprocessor, else 128
    peaks.bytes_per_second = 2.0 * 1e3 * memory_kilohertz * bus_bits / 8;  // two transfers per clock
    peaks.flop_per_second = 2.0 * 1e3 * kilohertz * processors * (half ? 64 : 128);
    return true;
}

}  // namespace astro
