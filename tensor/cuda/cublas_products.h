// Row-major matrix products with cuBLAS, on the stream of the backend.
#pragma once

#include <memory>
#include <string>

#include "tensor/base/rows.h"
#include "tensor/cuda/cublas.h"
#include "tensor/cuda/cuda.h"
#include "tensor/cuda/kernels.h"

namespace astro::cuda {

// cuBLAS with its own workspace, so that it does not allocate memory during products.
class Cublas {
  public:
    // Returns null if cuBLAS is missing or does not work; `reason` then explains why.
    static std::unique_ptr<Cublas> open(const Device& device, Matmul matmul, std::string& reason) {
        CublasTable table = {};
        CublasHandle handle = nullptr;
        if (!load_cublas(table, reason)) return nullptr;
        const int status = table.create(&handle);
        if (status == cublas_code::kSuccess) return std::unique_ptr<Cublas>(new Cublas(table, handle, device, matmul));
        reason = text("cuBLAS does not start, status ", status);
        return nullptr;
    }
    ~Cublas() { table_.destroy(handle_); }
    Cublas(const Cublas&) = delete;
    Cublas& operator=(const Cublas&) = delete;

    std::string words() const {
        int version = 0;
        table_.get_version(handle_, &version);
        const char* mode = matmul_ == Matmul::tf32 ? ", tf32" : matmul_ == Matmul::bf16 ? ", bf16" : "";
        return text("cuBLAS ", version, mode);
    }

    // cuBLAS is column-major: the row-major c = op(a) op(b) is its c^T = op(b)^T op(a)^T.
    template <class T>
    void gemm(const GemmShape& s, const T* a, const T* b, T* c) {
        using namespace cublas_code;
        const T one = 1, before = s.accumulate ? T(1) : T(0);
        constexpr bool kDouble = sizeof(T) == 8;
        const int type = kDouble ? kF64 : kF32;
        const int compute = kDouble                   ? kCompute64
                            : matmul_ == Matmul::tf32 ? kCompute32Tf32
                            : matmul_ == Matmul::bf16 ? kCompute32Bf16
                                                      : kCompute32;
        check(table_.gemm(handle_, s.transpose_b ? kTranspose : kNoTranspose, s.transpose_a ? kTranspose : kNoTranspose,
                          static_cast<int>(s.n), static_cast<int>(s.m), static_cast<int>(s.k), &one, b, type,
                          static_cast<int>(s.ldb), a, type, static_cast<int>(s.lda), &before, c, type,
                          static_cast<int>(s.ldc), compute, kDefaultAlgorithm),
              "gemm");
    }

  private:
    static constexpr int64_t kWorkspace =
        gpu::kEmulated ? 256 : int64_t{32} << 20;  // bytes; cuBLAS's default for compute capability 9.0

    Cublas(const CublasTable& table, CublasHandle handle, const Device& device, Matmul matmul)
        : table_(table), handle_(handle), matmul_(matmul), workspace_(device, kWorkspace) {
        check(table_.set_stream(handle_, device.stream), "set_stream");
        check(table_.set_workspace(handle_, workspace_.get(), to_size(kWorkspace)), "set_workspace");
    }
    static void check(int status, const char* what) {
        if (status != cublas_code::kSuccess) fail(ErrorKind::device, "cuBLAS: ", what, " failed with status ", status);
    }

    CublasTable table_;
    CublasHandle handle_;
    Matmul matmul_;
    Scratch<char> workspace_;
};

}  // namespace astro::cuda
