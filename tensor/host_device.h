// The one macro by which a header's functions are compiled for a GPU too: empty for every compiler but nvcc.
#pragma once

#ifdef __CUDACC__
#define ASTRO_HOST_DEVICE __host__ __device__
#else
#define ASTRO_HOST_DEVICE
#endif
