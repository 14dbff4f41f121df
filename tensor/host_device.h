// What lets a header's functions be compiled for a GPU too, with the same results: nothing for every compiler but nvcc.
#pragma once

#ifdef __CUDACC__
#define ASTRO_HOST_DEVICE __host__ __device__
// In front of such a template that calls what it is given: nvcc would warn of what is for one of the two alone.
#define ASTRO_CALLS_EITHER _Pragma("nv_exec_check_disable")
#else
#define ASTRO_HOST_DEVICE
#define ASTRO_CALLS_EITHER
#endif

namespace astro {

// a b by itself: nvcc would fuse it with a sum that it goes into, which gives other bits. The compilers of the host are
// told not to (-ffp-contract=off).
ASTRO_HOST_DEVICE inline float rounded_product(float a, float b) {
#ifdef __CUDA_ARCH__
    return __fmul_rn(a, b);
#else
    return a * b;
#endif
}

}  // namespace astro
