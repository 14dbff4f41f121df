#!/bin/sh
# Compares declarations with the CUDA toolkit: all functions, enumerators and vector types of
# tests/cuda_emulation/runtime_api.h and vector_types.h, compiled in a namespace next to the toolkit's headers, and the
# declarations of cuBLAS in tensor/cuda/cublas_table.h.
#
#     CXX=g++ sh tests/cuda/check_headers.sh INCLUDE_FOLDER_OF_CUDA
#
# Ends with "N passed, N failed": one check per name.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
api=tests/cuda_emulation/runtime_api.h
functions=$(grep -oE '\<cuda[A-Za-z0-9]+\(' $api | tr -d '(')
codes=$(grep -oE '\<cuda[A-Za-z0-9]+ = [0-9]+' $api | sed 's/ = .*//')
vectors=$(sed -n 's/^struct .*\b\([a-z]*[0-9]\) {.*/\1/p' tests/cuda_emulation/vector_types.h)
for type in float int uint ushort uchar; do vectors="$vectors ${type}1 ${type}2 ${type}3 ${type}4"; done
cat >"$folder/check.cpp" <<'CODE'
#include <cstddef>
#include <cuda_runtime_api.h>
#include <type_traits>
#include <vector_types.h>
namespace emulated {
#include "tests/cuda_emulation/runtime_api.h"
#include "tests/cuda_emulation/vector_types.h"
// Equivalent types: identical types, two enumerations, or pointers to two structures.
template <class A, class B> constexpr bool alike() {
    if constexpr (std::is_enum_v<A> && std::is_enum_v<B>) return sizeof(A) == sizeof(B);
    if constexpr (std::is_same_v<A, int> && std::is_enum_v<B>) return sizeof(A) == sizeof(B);
    if constexpr (std::is_pointer_v<A> && std::is_pointer_v<B>) {
        using X = std::remove_pointer_t<A>;
        using Y = std::remove_pointer_t<B>;
        if constexpr (std::is_class_v<X> && std::is_class_v<Y>) return std::is_const_v<X> == std::is_const_v<Y>;
        else return std::is_same_v<X, Y> || alike<X, Y>();
    }
    return std::is_same_v<A, B>;
}
template <class R, class... P, class S, class... Q> constexpr bool match(R (*)(P...), S (*)(Q...)) {
    if constexpr (sizeof...(P) == sizeof...(Q)) return alike<R, S>() && (alike<P, Q>() && ...);
    return false;
}
template <class T, class U> constexpr bool layout = sizeof(T) == sizeof(U) && alignof(T) == alignof(U);
}  // namespace emulated
CODE
{
    for name in $functions; do echo "static_assert(emulated::match(&emulated::$name, &::$name), \"$name\");"; done
    for name in $codes; do echo "static_assert(int(emulated::$name) == int(::$name), \"$name\");"; done
    for name in $vectors; do echo "static_assert(emulated::layout<emulated::$name, ::$name>, \"$name\");"; done
} >>"$folder/check.cpp"
# The functions and enumerators of cuBLAS, if its header is installed.
if [ -e "$1/cublas_api.h" ]; then
    cat <<'CODE'
#include <cublas_api.h>
#include "tensor/cuda/cublas_table.h"
namespace emulated {
using astro::cuda::CublasTable;
namespace code = astro::cuda::cublas_code;
// cublasGemmEx is overloaded in C++: the one that takes a compute type.
using GemmEx = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                                  const void*, cudaDataType, int, const void*, cudaDataType, int, const void*, void*,
                                  cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);
}  // namespace emulated
CODE
    for pair in create:cublasCreate_v2 destroy:cublasDestroy_v2 set_stream:cublasSetStream_v2 \
        set_workspace:cublasSetWorkspace_v2 get_version:cublasGetVersion_v2; do
        echo "static_assert(emulated::match(decltype(emulated::CublasTable::${pair%:*})(), &::${pair#*:}), \"${pair#*:}\");"
    done
    echo "static_assert(emulated::match(decltype(emulated::CublasTable::gemm)(), emulated::GemmEx(&::cublasGemmEx)), \"cublasGemmEx\");"
    for pair in kSuccess:CUBLAS_STATUS_SUCCESS kNoTranspose:CUBLAS_OP_N kTranspose:CUBLAS_OP_T kF32:CUDA_R_32F kF64:CUDA_R_64F \
        kCompute32:CUBLAS_COMPUTE_32F kCompute64:CUBLAS_COMPUTE_64F kCompute32Bf16:CUBLAS_COMPUTE_32F_FAST_16BF \
        kCompute32Tf32:CUBLAS_COMPUTE_32F_FAST_TF32 kDefaultAlgorithm:CUBLAS_GEMM_DEFAULT; do
        echo "static_assert(emulated::code::${pair%:*} == int(::${pair#*:}), \"${pair#*:}\");"
    done
fi >>"$folder/check.cpp"
checks=$(grep -c '^static_assert' "$folder/check.cpp")
${CXX:-g++} -std=c++17 -fsyntax-only -Wall -Werror -I. -isystem "$1" "$folder/check.cpp" >"$folder/log" 2>&1
status=$?
failed=$(grep -c 'error:' "$folder/log")
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
grep 'error:' "$folder/log" | sed 's/.*error: /FAILED: /' | head -n 20
echo "$((checks > failed ? checks - failed : 0)) passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$checks" -gt 0 ]
