// CUDA C++ for g++: replaces nvcc and cuda_runtime.h for .cu files, on the CPU, with checks.
//
// It precedes the toolkit's file on the include path. Kernels become plain functions that the scheduler (scheduler.h)
// calls once per thread. Runtime calls go to streams.h and memory.h. Only features that the backend and the emulator's
// tests use are supported; all others do not compile, which enforces the rules for kernels.
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
// Only one block runs at a time, so a static variable can serve all blocks. Trace mode detects reads of values that the
// block has not written.
#define __shared__ static

#include "tests/cuda_emulation/runtime_types.h"

// Overloads that nvcc provides.
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
