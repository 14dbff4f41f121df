// Plain C++ for any processor: 16-byte vectors, which every 64-bit machine has.
#define ASTRO_ISA portable
#define ASTRO_VECTOR_BYTES 16   // of one register
#define ASTRO_GEMM_VECTORS 2    // registers across the widest tile of a product
#define ASTRO_GEMM_SUMS 8       // registers that hold a tile's sums
#define ASTRO_GEMM_MOST_ROWS 4  // rows of the narrowest tile
#include "tensor/cpu/kernels_impl.inl"
