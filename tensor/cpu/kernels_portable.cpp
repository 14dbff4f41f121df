// Plain C++ for any processor: 16-byte vectors, which every 64-bit machine has.
#define ASTRO_ISA portable
#define ASTRO_VECTOR_BYTES 16  // of one register
#define ASTRO_GEMM_ROWS 4    // rows of the register tile
#define ASTRO_GEMM_VECTORS 2 // registers across the tile
#include "tensor/cpu/kernels_impl.inl"
