// Streams, events and graphs: queues that are executed only at synchronisations.
//
// A program with a missing synchronisation therefore reads old values. The work of one stream is executed in order.
// Between streams, only events, the rule of the legacy default stream, and device-wide synchronisation imply an order;
// the latter drains the streams in the order given by Order. Freeing device memory does not synchronise, because the
// backend caches its blocks. The block is poisoned after all work queued before has been executed.
//
// Work on a captured stream is recorded with copies of its arguments. As documented for CUDA, some calls during a
// capture are errors and invalidate it:
// - in any mode, on any thread: synchronising with or querying the captured stream, waiting for the device, and using
// the
//   legacy default stream, if the captured stream is blocking;
// - "potentially unsafe" calls (memory, waiting for other streams and for events): on any thread in global mode, on the
//   capturing thread in thread-local mode, never in relaxed mode.
// In addition to CUDA's rules, a thread must not free memory during its capture, even in relaxed mode, because the
// recorded work may use it. Events within a capture are not supported and are errors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/cuda_emulation/runtime_types.h"

namespace gpu::emulated {

// A piece of work. `host_from`, `host_bytes`: pinned memory that it uses; freeing it too early is detected.
struct Work {
    std::string what;  // for messages
    std::function<void()> run;
    const void* host = nullptr;
    size_t host_bytes = 0;
};

cudaError_t enqueue_work(cudaStream_t stream, Work work);

// Counters for tests. launches: kernels and cuBLAS products; copies: between host and device.
struct Counters {
    uint64_t launches = 0, copies = 0, copies_within = 0, synchronisations = 0, graph_launches = 0, captured = 0;
};
Counters& counters();

}  // namespace gpu::emulated
