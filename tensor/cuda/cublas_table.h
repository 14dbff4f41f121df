// The cuBLAS functions in use, as a table, and the numeric values of its enumerators. tests/cuda/check_headers.sh
// compares these declarations with cuBLAS's own header.
#pragma once

#include <cstddef>

struct CUstream_st;

namespace astro::cuda {

using CublasHandle = struct cublasContext*;

namespace cublas_code {
constexpr int kSuccess = 0;
constexpr int kNoTranspose = 0, kTranspose = 1;                                            // cublasOperation_t
constexpr int kF32 = 0, kF64 = 1;                                                          // cudaDataType_t
constexpr int kCompute32 = 68, kCompute64 = 70, kCompute32Bf16 = 75, kCompute32Tf32 = 77;  // cublasComputeType_t
constexpr int kDefaultAlgorithm = -1;                                                      // cublasGemmAlgo_t
}  // namespace cublas_code

struct CublasTable {
    int (*create)(CublasHandle* handle);                                       // cublasCreate_v2
    int (*destroy)(CublasHandle handle);                                       // cublasDestroy_v2
    int (*set_stream)(CublasHandle handle, CUstream_st* stream);               // cublasSetStream_v2
    int (*set_workspace)(CublasHandle handle, void* workspace, size_t bytes);  // cublasSetWorkspace_v2
    int (*get_version)(CublasHandle handle, int* version);                     // cublasGetVersion_v2
    // cublasGemmEx: column-major c (m, n) = alpha op(a) op(b) + beta c. alpha and beta point to host memory and have
    // the compute type.
    int (*gemm)(CublasHandle handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha,
                const void* a, int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c,
                int type_c, int ldc, int compute_type, int algorithm);
};

}  // namespace astro::cuda
