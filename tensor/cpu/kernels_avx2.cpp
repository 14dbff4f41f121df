// AVX2 and FMA; compiled with -mavx2 -mfma (Makefile).
#if defined(__x86_64__)
#define ASTRO_ISA avx2
#define ASTRO_VECTOR_BYTES 32   // size of a vector register
#define ASTRO_GEMM_VECTORS 2    // width of the widest register tile, in registers
#define ASTRO_GEMM_SUMS 12      // registers for the sums of a tile
#define ASTRO_GEMM_MOST_ROWS 8  // maximum number of rows of a tile
#include "tensor/cpu/kernels_impl.inl"
#endif
