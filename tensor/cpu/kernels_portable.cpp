// C++ for any 64-bit processor, with 16-byte vectors.
#define ASTRO_ISA portable
#define ASTRO_VECTOR_BYTES 16   // size of a vector register
#define ASTRO_GEMM_VECTORS 2    // width of the widest register tile, in registers
#define ASTRO_GEMM_SUMS 8       // registers for the sums of a tile
#define ASTRO_GEMM_MOST_ROWS 4  // maximum number of rows of a tile
#include "tensor/cpu/kernels_impl.inl"
