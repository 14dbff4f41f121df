// CUDA C++ for g++: what nvcc and cuda_runtime.h give a .cu file, on the CPU, with checks.
//
// Takes the toolkit's place by lying first on the include path. Kernels become plain functions that the scheduler
// (scheduler.h) calls once a thread; the runtime's calls go to streams.h and memory.h. Only what the backend and the
// emulator's own tests use is here: what is missing does not compile, which is how the rules for kernels are kept.
#pragma once

#if !defined(__x86_64__) || !defined(__GNUC__)
#error "the emulator's fibers are written for g++ on x86-64"
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
// One block runs at a time, so a static serves all of them in turn; trace mode finds what a block reads
// before it wrote.
#define __shared__ static

#include "tests/cuda_emulation/runtime_types.h"

// nvcc's convenience overloads.
template <class T>
cudaError_t cudaMalloc(T** block, size_t bytes) {
    return cudaMalloc(reinterpret_cast<void**>(block), bytes);
}
template <class T>
cudaError_t cudaMallocHost(T** block, size_t bytes) {
    return cudaMallocHost(reinterpret_cast<void**>(block), bytes);
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event) {
    return cudaStreamWaitEvent(stream, event, 0);
}
inline cudaError_t cudaEventRecord(cudaEvent_t event) { return cudaEventRecord(event, nullptr); }

#include "tests/cuda_emulation/device.h"
#include "tests/cuda_emulation/launch.h"
#include "tests/cuda_emulation/vector_types.h"
