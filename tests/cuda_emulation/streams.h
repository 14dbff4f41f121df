// Streams, events and graphs: queues that run only when something synchronises with them.
//
// A program that forgets to synchronise therefore reads what was there before. Work of one stream runs in
// order; between streams only events, the legacy default stream's rule and device-wide synchronisation order
// anything, and a device-wide one drains the streams in the order that Order says. Freeing device memory
// doesn't drain (a real backend caches its blocks, so nothing may rely on it): the block is poisoned once
// everything queued before has run.
//
// Work sent to a stream that is captured is recorded with the bytes of its arguments. Meanwhile, as CUDA
// documents it, some calls are refused and spoil the capture:
// - in any mode, of any thread: synchronising with the captured stream or asking how far it is, waiting for
//   the device, and the legacy default stream, if the captured one is blocking;
// - "potentially unsafe" calls (memory, waiting for other streams and for events): of any thread in the
//   global mode, of the thread that began the capture in the thread-local mode, of none in the relaxed one.
// Beyond CUDA a thread frees no memory while it captures, in the relaxed mode neither: the work recorded may
// use it. Events within a capture are not emulated, so they are refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

// A piece of work. `host_from`, `host_bytes`: pinned memory that it reads or writes (checked when freed
// early).
struct Work {
    std::string what;  // for messages
    std::function<void()> run;
    const void* host = nullptr;
    size_t host_bytes = 0;
};

cudaError_t enqueue_work(cudaStream_t stream, Work work);

// Numbers for tests. launches: kernels, and products of cuBLAS; copies: between host and device.
struct Counters {
    uint64_t launches = 0, copies = 0, copies_within = 0, synchronisations = 0, graph_launches = 0, captured = 0;
};
Counters& counters();

}  // namespace gpu::emulated
