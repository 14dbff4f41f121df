// Streams, events and graphs: queues that run only when something synchronises with them.
//
// A program that forgets to synchronise therefore reads what was there before. Work of one stream runs in
// order; between streams only events, the legacy default stream's rule and device-wide synchronisation order
// anything, and a device-wide one drains the streams in the order that Order says. Freeing device memory
// doesn't drain (a real backend caches its blocks, so nothing may rely on it): the block is poisoned once
// everything queued before has run.
//
// Inside a capture launches and copies are recorded with the bytes of their arguments; what would wait,
// allocate or read back is an error and spoils the capture, as on a device; in the relaxed mode memory may be
// allocated.
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
