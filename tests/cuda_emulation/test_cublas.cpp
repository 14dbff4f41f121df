// The emulated cuBLAS: products compared with a naive implementation for all transpositions and padded leading
// dimensions, and checks of arguments and memory.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tensor/cuda/cublas.h"
#include "tests/cuda_emulation/test_tools.h"

using namespace astro::cuda;

namespace {

struct Library {
    CublasTable table{};
    CublasHandle handle = nullptr;
    Library() {
        std::string reason;
        REQUIRE(load_cublas(table, reason));
        REQUIRE(table.create(&handle) == cublas_code::kSuccess);
    }
    ~Library() { table.destroy(handle); }
    template <class T>
    int gemm(bool ta, bool tb, int m, int n, int k, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc,
             int compute = sizeof(T) == 4 ? cublas_code::kCompute32 : cublas_code::kCompute64) {
        const T alpha = 1;
        const int type = sizeof(T) == 4 ? cublas_code::kF32 : cublas_code::kF64;
        return table.gemm(handle, ta, tb, m, n, k, &alpha, a, type, lda, b, type, ldb, &beta, c, type, ldc, compute,
                          cublas_code::kDefaultAlgorithm);
    }
};

// `pad` rows beyond the matrix in each column must not change.
template <class T>
void compare(Library& library, int m, int n, int k, bool ta, bool tb, int pad, T beta) {
    const int lda = (ta ? k : m) + pad + 1, ldb = (tb ? n : k) + pad + 1, ldc = m + pad + 1;
    std::vector<T> a(size_t(lda * (ta ? m : k) + 1)), b(size_t(ldb * (tb ? k : n) + 1)), c(size_t(ldc * n + 1));
    for (size_t i = 0; i < a.size(); ++i) a[i] = T(std::sin(double(i)));
    for (size_t i = 0; i < b.size(); ++i) b[i] = T(std::cos(double(i)));
    for (size_t i = 0; i < c.size(); ++i) c[i] = T(i);
    std::vector<T> want = c;
    for (int j = 0; j < n; ++j)
        for (int i = 0; i < m; ++i) {
            double sum = double(beta) * double(c[size_t(j * ldc + i)]);
            for (int p = 0; p < k; ++p)
                sum += double(a[size_t(ta ? i * lda + p : p * lda + i)]) *
                       double(b[size_t(tb ? p * ldb + j : j * ldb + p)]);
            want[size_t(j * ldc + i)] = T(sum);
        }
    DeviceArray<T> da(a), db(b), dc(c);
    CHECK(library.gemm(ta, tb, m, n, k, static_cast<const T*>(da.data), lda, static_cast<const T*>(db.data), ldb, beta,
                       dc.data, ldc) == cublas_code::kSuccess);
    const std::vector<T> got = dc.read();
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::fabs(double(got[i]) - double(want[i])));
    CHECK(worst <= (sizeof(T) == 4 ? 1e-5 : 1e-12));
}

}  // namespace

TEST_CASE("emulated cuBLAS: column-major products with transpositions and leading dimensions") {
    Library library;
    for (int m : {1, 5, 8})
        for (int n : {1, 3})
            for (int k : {0, 1, 7})
                for (int mode = 0; mode < 4; ++mode) {
                    compare<float>(library, m, n, k, mode & 1, mode & 2, mode, 0.0f);
                    compare<double>(library, m, n, k, mode & 1, mode & 2, 2, 1.0);
                }
    CHECK(found() == "");
}

TEST_CASE("emulated cuBLAS: beta = 0 never reads c, and reduced precision rounds the inputs") {
    Library library;
    DeviceArray<float> a(std::vector<float>{1.0009765625f, 1.0f / 3}), b(std::vector<float>{1, 0}), c(1);
    CHECK(library.gemm(true, false, 1, 1, 2, static_cast<const float*>(a.data), 2, static_cast<const float*>(b.data), 2,
                       0.0f, c.data, 1) == cublas_code::kSuccess);
    CHECK(c.read()[0] == 1.0009765625f);
    library.gemm(true, false, 1, 1, 2, static_cast<const float*>(a.data), 2, static_cast<const float*>(b.data), 2, 0.0f,
                 c.data, 1, cublas_code::kCompute32Tf32);
    CHECK(c.read()[0] == 1.0009765625f);  // 1 + 2^-10: the last bit of tf32
    library.gemm(true, false, 1, 1, 2, static_cast<const float*>(a.data), 2, static_cast<const float*>(b.data), 2, 0.0f,
                 c.data, 1, cublas_code::kCompute32Bf16);
    CHECK(c.read()[0] == 1.0f);
    CHECK(found() == "");
}

TEST_CASE("emulated cuBLAS: wrong arguments and wrong memory are reported") {
    Library library;
    DeviceArray<float> a(std::vector<float>(6, 1)), b(std::vector<float>(6, 1)), c(std::vector<float>(4, 1)), empty(6);
    auto gemm = [&](bool ta, int m, int n, int k, const float* x, int lda, float beta, float* y) {
        return library.gemm(ta, false, m, n, k, x, lda, static_cast<const float*>(b.data), k, beta, y, m);
    };
    auto finding = [&](int status) {
        CHECK(status == cublas_code::kSuccess);
        cudaDeviceSynchronize();
        cudaGetLastError();
        return found();
    };
    CHECK(gemm(false, 2, 2, 3, a.data, 1, 0, c.data) == 7);  // lda < m
    CHECK(gemm(true, 2, 2, 3, a.data, 2, 0, c.data) == 7);   // transposed: lda < k
    CHECK(gemm(false, -1, 2, 3, a.data, 2, 0, c.data) == 7);
    CHECK(finding(gemm(false, 2, 2, 3, a.data, 2, 0, c.data)) == "");
    CHECK(finding(gemm(false, 2, 2, 3, a.data, 3, 0, c.data)) == "cublas");  // reads past the end of a
    CHECK(finding(gemm(false, 2, 2, 3, empty.data, 2, 0, c.data)) == "cublas");
    CHECK(finding(gemm(false, 2, 2, 3, a.data, 2, 1, empty.data)) == "cublas");
    CHECK(finding(gemm(false, 2, 2, 3, a.data, 2, 0, empty.data)) == "");
    CHECK(finding(gemm(false, 2, 2, 3, a.data, 2, 0, a.data)) == "cublas");  // in place
    CHECK(finding(gemm(false, 2, 3, 3, a.data, 2, 0, c.data)) == "cublas");  // c is too small
    const CublasHandle gone = nullptr;
    CHECK(library.table.set_stream(gone, nullptr) == 1);
}
