// A reference implementation of the functions in tensor/cuda/cublas.h, with cuBLAS's semantics of column-major storage,
// leading dimensions and transposition. Products run in the order of the handle's stream. It is linked in place of
// tensor/cuda/cublas_load.cu.
//
// As documented for cuBLAS, enumerators, sizes and leading dimensions are checked. In addition, each matrix must lie
// inside one live block, all elements of a and b (and of c if beta is not 0) must be initialised, and c must not
// overlap a or b. With beta = 0, c is not read. Sums are accumulated in f64, unlike in real libraries, so tests compare
// with tolerances.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "tensor/cuda/cublas.h"
#include "tests/cuda_emulation/faults.h"
#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/cuda_emulation/trace.h"

namespace astro::cuda {

struct cublasContext {
    cudaStream_t stream = nullptr;
};

namespace {

namespace emulated = gpu::emulated;

constexpr int not_initialised = 1, invalid_value = 7, not_supported = 15;  // cublasStatus_t

std::set<CublasHandle>& handles() {
    static auto* open = new std::set<CublasHandle>;
    return *open;
}

// A column-major matrix of `rows` x `columns` elements of T.
template <class T>
struct Matrix {
    const char* name;
    char* data;
    int64_t rows, columns, step;
    int64_t bytes() const { return ((columns - 1) * step + rows) * int64_t(sizeof(T)); }
    T* column(int64_t j) const { return reinterpret_cast<T*>(data) + j * step; }
};

// The error of an operand at the time of execution; empty if there is none.
template <class T>
std::string defect(const Matrix<T>& x, bool is_read) {
    if (x.rows == 0 || x.columns == 0) return "";
    const std::string outside = emulated::outside_live_block(x.data, size_t(x.bytes()));
    if (!outside.empty()) return emulated::text_of("%s: %s", x.name, outside.c_str());
    for (int64_t j = 0; is_read && j < x.columns; ++j) {
        if (!emulated::trace_initialised(x.column(j), size_t(x.rows) * sizeof(T)))
            return emulated::text_of("%s: column %lld is not initialised", x.name, static_cast<long long>(j));
        for (int64_t i = 0; i < x.rows; ++i) {  // other modes detect the poison value
            uint64_t bits = ~uint64_t{0};
            std::memcpy(&bits, x.column(j) + i, sizeof(T));
            if (bits == ~uint64_t{0})
                return emulated::text_of("%s: element (%lld, %lld) is not initialised", x.name,
                                         static_cast<long long>(i), static_cast<long long>(j));
        }
    }
    return "";
}

template <class T>
bool overlap(const Matrix<T>& x, const Matrix<T>& y) {
    return x.data < y.data + y.bytes() && y.data < x.data + x.bytes();
}

// Rounds to nearest, keeping `bits` of the 23 of the mantissa.
double rounded(float x, int bits) {
    uint32_t word;
    std::memcpy(&word, &x, 4);
    const uint32_t dropped = 23u - unsigned(bits), half = 1u << (dropped - 1);
    if (std::isfinite(x)) word = (word + half - 1 + ((word >> dropped) & 1u)) & ~((1u << dropped) - 1);
    std::memcpy(&x, &word, 4);
    return double(x);
}
double as_input(float x, int compute_type) {
    if (compute_type == cublas_code::kCompute32Tf32) return rounded(x, 10);
    if (compute_type == cublas_code::kCompute32Bf16) return rounded(x, 7);
    return double(x);
}
double as_input(double x, int) { return x; }

template <class T>
struct Product {
    bool transpose_a, transpose_b;
    int64_t k;
    double alpha, beta;
    Matrix<T> a, b, c;
    int compute_type;

    void run() const {
        std::string wrong = defect(a, true);
        if (wrong.empty()) wrong = defect(b, true);
        if (wrong.empty()) wrong = defect(c, beta != 0);
        if (wrong.empty() && k > 0 && (overlap(a, c) || overlap(b, c))) wrong = "c overlaps an input";
        if (!wrong.empty()) return emulated::report("cublas", "cublasGemmEx: " + wrong);
        std::vector<double> sum(size_t(c.rows));
        for (int64_t j = 0; j < c.columns; ++j) {
            std::fill(sum.begin(), sum.end(), 0.0);
            for (int64_t p = 0; p < k; ++p) {
                const double factor = as_input(transpose_b ? b.column(p)[j] : b.column(j)[p], compute_type);
                for (int64_t i = 0; i < c.rows; ++i)
                    sum[size_t(i)] += as_input(transpose_a ? a.column(i)[p] : a.column(p)[i], compute_type) * factor;
            }
            T* out = c.column(j);
            for (int64_t i = 0; i < c.rows; ++i)
                out[i] = T(alpha * sum[size_t(i)] + (beta == 0 ? 0.0 : beta * double(out[i])));
            emulated::trace_set_state(out, size_t(c.rows) * sizeof(T), emulated::ByteState::initialised);
        }
    }
};

int create(CublasHandle* handle) {
    if (emulated::faults().cublas_create != cublas_code::kSuccess) return emulated::faults().cublas_create;
    return *handle = *handles().insert(new cublasContext).first, cublas_code::kSuccess;
}
int destroy(CublasHandle handle) {
    if (handles().erase(handle) == 0) return not_initialised;
    delete handle;
    return cublas_code::kSuccess;
}
int set_stream(CublasHandle handle, cudaStream_t stream) {
    if (!handles().count(handle)) return not_initialised;
    handle->stream = stream;
    return cublas_code::kSuccess;
}
int set_workspace(CublasHandle handle, void* workspace, size_t bytes) {
    if (!handles().count(handle)) return not_initialised;
    if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0) return invalid_value;
    const std::string outside = bytes > 0 ? emulated::outside_live_block(workspace, bytes) : "";
    if (!outside.empty()) emulated::report("cublas", "cublasSetWorkspace: " + outside);
    return cublas_code::kSuccess;
}
int get_version(CublasHandle handle, int* version) {
    if (!handles().count(handle)) return not_initialised;
    *version = 130000;
    return cublas_code::kSuccess;
}

template <class T>
int enqueue(CublasHandle handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha,
            const void* a, int lda, const void* b, int ldb, const void* beta, void* c, int ldc, int compute_type) {
    auto place = [](const void* p) { return const_cast<char*>(static_cast<const char*>(p)); };
    Product<T> product{};
    product.transpose_a = transpose_a != 0, product.transpose_b = transpose_b != 0;
    product.k = k, product.compute_type = compute_type;
    product.alpha = double(*static_cast<const T*>(alpha)), product.beta = double(*static_cast<const T*>(beta));
    product.a = {"a", place(a), transpose_a ? k : m, transpose_a ? m : k, lda};
    product.b = {"b", place(b), transpose_b ? n : k, transpose_b ? k : n, ldb};
    product.c = {"c", place(c), m, n, ldc};
    const cudaError_t error = emulated::enqueue_work(
        handle->stream, {"cublasGemmEx", [product] { ++emulated::counters().launches, product.run(); }, nullptr, 0});
    return error == cudaSuccess ? cublas_code::kSuccess : invalid_value;
}

int gemm(CublasHandle handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha, const void* a,
         int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c, int type_c, int ldc,
         int compute_type, int algorithm) {
    if (!handles().count(handle)) return not_initialised;
    if (emulated::faults().cublas_gemm != cublas_code::kSuccess) return emulated::faults().cublas_gemm;
    const bool codes = (transpose_a == 0 || transpose_a == 1) && (transpose_b == 0 || transpose_b == 1);
    const int rows_a = transpose_a ? k : m, rows_b = transpose_b ? n : k;
    if (!codes || m < 0 || n < 0 || k < 0 || lda < std::max(1, rows_a) || ldb < std::max(1, rows_b) ||
        ldc < std::max(1, m) || !alpha || !beta || algorithm != cublas_code::kDefaultAlgorithm)
        return invalid_value;
    if (type_a != type_b || type_a != type_c) return not_supported;
    if (m == 0 || n == 0) return cublas_code::kSuccess;
    const bool f32 = type_a == cublas_code::kF32 &&
                     (compute_type == cublas_code::kCompute32 || compute_type == cublas_code::kCompute32Tf32 ||
                      compute_type == cublas_code::kCompute32Bf16);
    if (f32)
        return enqueue<float>(handle, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                              compute_type);
    if (type_a == cublas_code::kF64 && compute_type == cublas_code::kCompute64)
        return enqueue<double>(handle, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                               compute_type);
    return not_supported;
}

}  // namespace

bool load_cublas(CublasTable& table, std::string& reason) {
    if (emulated::faults().no_cublas) return reason = "no libcublas", false;
    table = {create, destroy, set_stream, set_workspace, get_version, gemm};
    return true;
}

}  // namespace astro::cuda
