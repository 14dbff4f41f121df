// Functions of streams.cpp for runtime.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "tests/cuda_emulation/streams.h"

namespace gpu::emulated {

struct Dependency {
    uint64_t stream = 0, serial = 0;  // all work of that stream up to that serial number
};

struct Lock {  // one lock for the whole emulator; recursive
    Lock();
    ~Lock();
    Lock(const Lock&) = delete;
};

cudaError_t failed(cudaError_t error);  // stores it for cudaGetLastError of this thread; returns it
cudaError_t last_error(bool reset);

// Checks of calls during captures (see streams.h); cudaSuccess if the call is allowed.
cudaError_t forbid_unsafe(const char* what);                         // what CUDA calls potentially unsafe
cudaError_t forbid_free(const char* what);                           // that, and no capture of this thread's
cudaError_t forbid_captured(cudaStream_t stream, const char* what);  // this stream isn't captured
cudaError_t forbid_waiting(cudaStream_t stream, const char* what);   // synchronising with a stream, or asking for it

cudaError_t synchronise(cudaStream_t stream);
cudaError_t synchronise_all();
cudaError_t finish_drain();  // frees what may be freed; cudaErrorLaunchFailure after a finding
void drain_until(const Dependency& what);
bool has_run(const Dependency& what);
Dependency newest_of(cudaStream_t stream);
cudaError_t wait_for(cudaStream_t stream, const Dependency& what);

void free_later(void* block);
bool freed_already(const void* block);
std::string queued_user_of(const void* host, size_t bytes);  // work that will still use this host memory

}  // namespace gpu::emulated
