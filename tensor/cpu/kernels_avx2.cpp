// AVX2 and FMA; compiled with -mavx2 -mfma (Makefile).
#if defined(__x86_64__)
#define ASTRO_ISA avx2
#define ASTRO_VECTOR_BYTES 32  // of one register
#define ASTRO_GEMM_ROWS 6    // rows of the register tile
#define ASTRO_GEMM_VECTORS 2 // registers across the tile
#include "tensor/cpu/kernels_impl.inl"
#endif
