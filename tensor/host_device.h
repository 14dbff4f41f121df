// The macros by which a header's functions are compiled for a GPU too: empty for every compiler but nvcc.
#pragma once

#ifdef __CUDACC__
#define ASTRO_HOST_DEVICE __host__ __device__
// In front of such a template that calls what it is given: nvcc would warn of what is for one of the two alone.
#define ASTRO_CALLS_EITHER _Pragma("nv_exec_check_disable")
#else
#define ASTRO_HOST_DEVICE
#define ASTRO_CALLS_EITHER
#endif
