// Macros and functions for headers that are compiled for both CPU and GPU. The macros are empty unless nvcc compiles.
#pragma once

#ifdef __CUDACC__
#define ASTRO_HOST_DEVICE __host__ __device__
// Placed before templates that call a functor argument. nvcc would warn if the functor is for the host or device only.
#define ASTRO_CALLS_EITHER _Pragma("nv_exec_check_disable")
#else
#define ASTRO_HOST_DEVICE
#define ASTRO_CALLS_EITHER
#endif

namespace astro {

// a * b, rounded before any further use. nvcc would otherwise fuse it with a following addition, which changes the
// result. Host compilers are told not to fuse by -ffp-contract=off.
ASTRO_HOST_DEVICE inline float rounded_product(float a, float b) {
#ifdef __CUDA_ARCH__
    return __fmul_rn(a, b);
#else
    return a * b;
#endif
}

}  // namespace astro
