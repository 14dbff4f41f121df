// The runtime functions, based on memory.h, scheduler.h and streams.h. This file checks arguments.
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "tests/cuda_emulation/faults.h"
#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/kernels.h"
#include "tests/cuda_emulation/launch.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/scheduler.h"
#include "tests/cuda_emulation/streams_impl.h"
#include "tests/cuda_emulation/trace.h"

using namespace gpu::emulated;

struct EventState {
    Dependency after;
    bool recorded = false, ran = false;
};
struct CUevent_st {
    std::shared_ptr<EventState> state = std::make_shared<EventState>();
};

namespace {

std::map<const char*, size_t>& pinned() {
    static auto* blocks = new std::map<const char*, size_t>;
    return *blocks;
}

bool is_pinned(const void* address, size_t bytes) {
    const char* p = static_cast<const char*>(address);
    auto it = pinned().upper_bound(p);
    if (it == pinned().begin()) return false;
    --it;
    return p + bytes <= it->first + it->second;
}

cudaError_t bad(const char* kind, const std::string& message) {
    report(kind, message);
    take_error();  // the error is returned immediately
    return failed(cudaErrorInvalidValue);
}

bool reads_device(cudaMemcpyKind kind) { return kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice; }
bool writes_device(cudaMemcpyKind kind) { return kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice; }

std::string wrong_side(const char* name, const void* address, size_t bytes, bool device) {
    if (device) {
        const std::string why = outside_live_block(address, bytes);
        return why.empty() ? "" : std::string(name) + ": " + why;
    }
    return is_device_address(address) ? std::string(name) + ": device memory given as host memory" : "";
}

// Executes one row of a copy.
void copy_now(char* to, const char* from, size_t bytes, cudaMemcpyKind kind, const std::string& what) {
    const std::string gone = reads_device(kind) ? outside_live_block(from, bytes) : "";
    const std::string gone_to = writes_device(kind) ? outside_live_block(to, bytes) : "";
    if (!gone.empty() || !gone_to.empty()) return report("lifetime", what + ": " + (gone.empty() ? gone_to : gone));
    if (kind == cudaMemcpyDeviceToHost && !trace_initialised(from, bytes))
        report("uninitialised", what + ": reads " + describe_device_address(from) + ", not all of it written");
    std::memcpy(to, from, bytes);
    if (kind == cudaMemcpyHostToDevice) trace_set_state(to, bytes, ByteState::initialised);
    if (kind == cudaMemcpyDeviceToDevice) trace_copy_state(to, from, bytes);
}

struct Rows {
    size_t pitch, count;
};

cudaError_t copy(char* to, Rows to_rows, const char* from, Rows from_rows, size_t width, cudaMemcpyKind kind,
                 cudaStream_t stream) {
    const size_t height = to_rows.count;
    if (width == 0 || height == 0) return cudaSuccess;
    const size_t from_bytes = (height - 1) * from_rows.pitch + width, to_bytes = (height - 1) * to_rows.pitch + width;
    const std::string what = text_of("cudaMemcpy of %zu bytes", width * height);
    if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice) {
        report("copy", what + ": a kind other than host-device, device-host or device-device");
        return failed(cudaErrorInvalidMemcpyDirection);
    }
    std::string wrong = wrong_side("source", from, from_bytes, reads_device(kind));
    if (wrong.empty()) wrong = wrong_side("destination", to, to_bytes, writes_device(kind));
    if (!wrong.empty()) return bad("copy", what + ": " + wrong);
    Work work;
    work.what = what;
    if (!reads_device(kind)) work.host = from, work.host_bytes = from_bytes;
    if (!writes_device(kind)) work.host = to, work.host_bytes = to_bytes;
    const bool was_pinned = work.host && is_pinned(work.host, work.host_bytes);
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    if (cudaError_t error = cudaStreamIsCapturing(stream, &capture)) return error;
    if (capture != cudaStreamCaptureStatusNone && work.host && !was_pinned)
        return bad("capture", what + ": memory that is not pinned can't be copied inside a capture");
    const void* host = work.host;
    const size_t host_bytes = work.host_bytes;
    work.run = [=] {
        if (was_pinned && !is_pinned(host, host_bytes))
            return report("lifetime", what + ": its pinned memory has been freed");
        ++(kind == cudaMemcpyDeviceToDevice ? counters().copies_within : counters().copies);
        for (size_t row = 0; row < height; ++row)
            copy_now(to + row * to_rows.pitch, from + row * from_rows.pitch, width, kind, what);
    };
    return enqueue_work(stream, std::move(work));
}

}  // namespace

// Launches.

void gpu::emulated::enqueue(Launch* raw, cudaStream_t stream) {
    std::shared_ptr<Launch> launch(raw);
    Lock lock;
    if (faults().launch != cudaSuccess && faults().good_launches-- <= 0) {
        failed(faults().launch);
        return;
    }
    const std::string name = full_name(*launch->kernel);
    const dim3 grid = launch->grid, block = launch->block;
    const size_t threads = size_t{block.x} * block.y * block.z, blocks = size_t{grid.x} * grid.y * grid.z;
    if (threads == 0 || threads > 1024 || block.z > 64 || blocks == 0 || grid.x > 0x7fffffffu || grid.y > 65535 ||
        grid.z > 65535 || launch->dynamic_shared_bytes > dynamic_shared_limit) {
        report("launch",
               text_of("kernel %s: grid (%u, %u, %u), block (%u, %u, %u), %zu bytes of dynamic shared memory",
                       name.c_str(), grid.x, grid.y, grid.z, block.x, block.y, block.z, launch->dynamic_shared_bytes));
        failed(cudaErrorInvalidConfiguration);
        return;
    }
    if (threads % 32 != 0) {
        report("rules", text_of("kernel %s: a block of %zu threads is no multiple of 32", name.c_str(), threads));
        failed(cudaErrorInvalidConfiguration);
        return;
    }
    enqueue_work(stream, {"kernel " + name, [launch] { ++counters().launches, run(*launch); }, nullptr, 0});
}

// Memory.

cudaError_t cudaMalloc(void** block, size_t bytes) {
    Lock lock;
    *block = nullptr;
    if (cudaError_t error = forbid_unsafe("cudaMalloc")) return error;
    if (bytes == 0) return cudaSuccess;
    *block = device_allocate(bytes);
    return *block ? cudaSuccess : failed(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* block) {
    Lock lock;
    if (!block) return cudaSuccess;
    if (cudaError_t error = forbid_free("cudaFree")) return error;
    if (!outside_live_block(block, 0).empty() || freed_already(block) || !starts_block(block))
        return bad("free", "cudaFree of " + describe_device_address(block));
    free_later(block);
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** block, size_t bytes, unsigned int) {
    Lock lock;
    *block = nullptr;
    if (cudaError_t error = forbid_unsafe("cudaHostAlloc")) return error;
    if (bytes == 0) return cudaSuccess;
    *block = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!*block) return failed(cudaErrorMemoryAllocation);
    std::memset(*block, 0xFF, bytes);
    pinned()[static_cast<const char*>(*block)] = bytes;
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** block, size_t bytes) { return cudaHostAlloc(block, bytes, cudaHostAllocDefault); }
cudaError_t cudaFreeHost(void* block) {
    Lock lock;
    if (!block) return cudaSuccess;
    if (cudaError_t error = forbid_free("cudaFreeHost")) return error;
    auto it = pinned().find(static_cast<const char*>(block));
    if (it == pinned().end()) return bad("free", "cudaFreeHost of memory that isn't pinned");
    const std::string user = queued_user_of(block, it->second);
    if (!user.empty()) report("lifetime", "pinned memory is freed before " + user + " has run");
    pinned().erase(it);
    std::free(block);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    Lock lock;
    return copy(static_cast<char*>(to), {bytes, 1}, static_cast<const char*>(from), {bytes, 1}, bytes, kind, stream);
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
    Lock lock;
    if (to_pitch < width || from_pitch < width) return bad("copy", "cudaMemcpy2D: a pitch is less than the width");
    return copy(static_cast<char*>(to), {to_pitch, height}, static_cast<const char*>(from), {from_pitch, height}, width,
                kind, stream);
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    Lock lock;
    if (cudaError_t error = forbid_waiting(nullptr, "cudaMemcpy")) return error;
    if (cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr)) return error;
    return synchronise(nullptr);
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
    Lock lock;
    if (bytes == 0) return cudaSuccess;
    const std::string what = text_of("cudaMemset of %zu bytes", bytes);
    const std::string wrong = outside_live_block(to, bytes);
    if (!wrong.empty()) return bad("copy", what + ": " + wrong);
    return enqueue_work(stream, {what,
                                 [=] {
                                     const std::string gone = outside_live_block(to, bytes);
                                     if (!gone.empty()) return report("lifetime", what + ": " + gone);
                                     std::memset(to, value, bytes);
                                     trace_set_state(to, bytes, ByteState::initialised);
                                 },
                                 nullptr, 0});
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) { return cudaMemsetAsync(to, value, bytes, nullptr); }

// Streams and events.

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    Lock lock;
    return synchronise(stream);
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    Lock lock;
    if (cudaError_t error = forbid_waiting(stream, "cudaStreamQuery")) return error;
    return has_run(newest_of(stream)) ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) { return *event = new CUevent_st, cudaSuccess; }
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    Lock lock;
    if (cudaError_t error = forbid_captured(stream, "recording an event")) return error;
    std::shared_ptr<EventState> state = event->state = std::make_shared<EventState>();
    if (cudaError_t error = enqueue_work(stream, {"event", [state] { state->ran = true; }, nullptr, 0})) return error;
    state->recorded = true;
    state->after = newest_of(stream);
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    Lock lock;
    return event->state->recorded ? wait_for(stream, event->state->after) : cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Lock lock;
    if (cudaError_t error = forbid_unsafe("a synchronisation")) return error;
    ++counters().synchronisations;
    if (event->state->recorded) drain_until(event->state->after);
    OpenDeviceMemory open;
    return finish_drain();
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    Lock lock;
    if (cudaError_t error = forbid_unsafe("cudaEventQuery")) return error;
    return !event->state->recorded || event->state->ran ? cudaSuccess : cudaErrorNotReady;
}
