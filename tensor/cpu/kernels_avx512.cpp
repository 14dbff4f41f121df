// AVX-512; compiled with -mavx512f and friends (Makefile).
#if defined(__x86_64__)
#define ASTRO_ISA avx512
#define ASTRO_VECTOR_BYTES 64    // of one register
#define ASTRO_GEMM_VECTORS 4     // registers across the widest tile of a product
#define ASTRO_GEMM_SUMS 24       // registers that hold a tile's sums
#define ASTRO_GEMM_MOST_ROWS 12  // rows of the narrowest tile
#include "tensor/cpu/kernels_impl.inl"
#endif
