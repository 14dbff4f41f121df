// AVX-512; compiled with -mavx512f and friends (Makefile).
#if defined(__x86_64__)
#define ASTRO_ISA avx512
#define ASTRO_VECTOR_BYTES 64  // of one register
#define ASTRO_GEMM_ROWS 12    // rows of the register tile
#define ASTRO_GEMM_VECTORS 2 // registers across the tile
#include "tensor/cpu/kernels_impl.inl"
#endif
