// AVX2 and FMA; compiled with -mavx2 -mfma (Makefile).
#if defined(__x86_64__)
#define ASTRO_ISA avx2
#define ASTRO_VECTOR_BYTES 32   // of one register
#define ASTRO_GEMM_VECTORS 2    // registers across the widest tile of a product
#define ASTRO_GEMM_SUMS 12      // registers that hold a tile's sums
#define ASTRO_GEMM_MOST_ROWS 8  // rows of the narrowest tile
#include "tensor/cpu/kernels_impl.inl"
#endif
