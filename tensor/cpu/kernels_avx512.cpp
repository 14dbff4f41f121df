// AVX-512; compiled with -mavx512f, -mavx512dq, ... (mk/isa.mk).
#if defined(__x86_64__)
#define ASTRO_ISA avx512
#define ASTRO_VECTOR_BYTES 64    // size of a vector register
#define ASTRO_GEMM_VECTORS 4     // width of the widest register tile, in registers
#define ASTRO_GEMM_SUMS 24       // registers for the sums of a tile
#define ASTRO_GEMM_MOST_ROWS 12  // maximum number of rows of a tile
#include "tensor/cpu/kernels_impl.inl"
#endif
