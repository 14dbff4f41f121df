#include "tests/cuda_emulation/streams.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/scheduler.h"
#include "tests/cuda_emulation/streams_impl.h"

namespace gpu::emulated {

namespace {

struct Queued {
    uint64_t serial;
    Work work;
    std::vector<Dependency> after;
};

}  // namespace

struct Capture {
    cudaStreamCaptureMode mode;
    std::thread::id thread;  // the thread that began the capture
    std::vector<Work> nodes;
    bool spoiled = false;
    bool own() const { return thread == std::this_thread::get_id(); }
    bool forbids_unsafe() const {  // whether unsafe calls are forbidden for this thread
        return own() ? mode != cudaStreamCaptureModeRelaxed : mode == cudaStreamCaptureModeGlobal;
    }
};

}  // namespace gpu::emulated

struct CUstream_st {
    uint64_t id = 0;
    bool blocking = true;
    std::deque<gpu::emulated::Queued> queue;
    uint64_t last = 0;  // serial number of the latest work
    std::unique_ptr<gpu::emulated::Capture> capture;
};

struct CUgraph_st {
    std::vector<gpu::emulated::Work> nodes;
};
struct CUgraphExec_st {
    std::shared_ptr<const std::vector<gpu::emulated::Work>> nodes;
};

namespace gpu::emulated {

namespace {

struct Streams {
    std::map<uint64_t, CUstream_st*> by_id;
    CUstream_st default_stream;
    std::set<CUgraph_st*> graphs;
    std::set<CUgraphExec_st*> executables;
    std::vector<std::pair<void*, uint64_t>> frees;  // block, latest serial number when it was freed
    uint64_t serial = 0, next_id = 1;
    std::string last_work;  // the last executed work, for messages
    Counters counters;
    std::recursive_mutex mutex;
    Streams() { by_id[0] = &default_stream; }
};

thread_local cudaError_t newest_error = cudaSuccess;

Streams& all() {
    static Streams* only = new Streams;  // never destroyed, because tensors may outlive static objects
    return *only;
}

CUstream_st* resolve(cudaStream_t stream) {
    if (!stream) return &all().default_stream;
    for (const auto& [id, known] : all().by_id)
        if (known == stream) return stream;
    report("stream", "a stream that was destroyed or never created is used");
    return nullptr;
}

void drain(CUstream_st& stream, uint64_t up_to) {
    while (!stream.queue.empty() && stream.queue.front().serial <= up_to) {
        const std::vector<Dependency> after = std::move(stream.queue.front().after);
        stream.queue.front().after.clear();
        for (const Dependency& dependency : after) {
            auto it = all().by_id.find(dependency.stream);
            if (it != all().by_id.end()) drain(*it->second, dependency.serial);
        }
        // The work may already have been executed, if the stream it waited for depends on it through another queue.
        if (stream.queue.empty() || stream.queue.front().serial > up_to) break;
        Queued next = std::move(stream.queue.front());
        stream.queue.pop_front();
        next.work.run();
        all().last_work = std::move(next.work.what);
    }
}

void run_frees() {
    uint64_t oldest = UINT64_MAX;
    for (const auto& [id, stream] : all().by_id)
        if (!stream->queue.empty()) oldest = std::min(oldest, stream->queue.front().serial);
    auto& frees = all().frees;
    size_t kept = 0;
    for (const auto& entry : frees) {
        if (entry.second < oldest)
            device_free(entry.first);
        else
            frees[kept++] = entry;
    }
    frees.resize(kept);
}

// Invalidates the captures that forbid a call. If there are any, the call is an error.
template <class Forbids>
cudaError_t refuse(const std::string& what, Forbids forbids, cudaError_t error = cudaErrorStreamCaptureUnsupported) {
    bool refused = false;
    for (const auto& [id, stream] : all().by_id)
        if (stream->capture && forbids(*stream)) stream->capture->spoiled = refused = true;
    if (!refused) return cudaSuccess;
    report("capture", what + " while a stream is captured");
    return failed(error);
}

// The legacy default stream waits for blocking streams, so it must not be used while one of these is captured.
cudaError_t forbid_default_stream(const std::string& what) {
    return refuse(
        what, [](const CUstream_st& s) { return s.blocking; }, cudaErrorStreamCaptureImplicit);
}

}  // namespace

Lock::Lock() { all().mutex.lock(); }
Lock::~Lock() { all().mutex.unlock(); }

Counters& counters() { return all().counters; }

cudaError_t failed(cudaError_t error) {
    if (error != cudaSuccess) newest_error = error;
    return error;
}

cudaError_t last_error(bool reset) {
    const cudaError_t error = newest_error;
    if (reset) newest_error = cudaSuccess;
    return error;
}

cudaError_t forbid_unsafe(const char* what) {
    return refuse(what, [](const CUstream_st& s) { return s.capture->forbids_unsafe(); });
}

cudaError_t forbid_free(const char* what) {
    return refuse(what, [](const CUstream_st& s) { return s.capture->own() || s.capture->forbids_unsafe(); });
}

cudaError_t forbid_captured(cudaStream_t stream, const char* what) {
    return refuse(what, [=](const CUstream_st& s) { return &s == stream; });
}

cudaError_t forbid_waiting(cudaStream_t stream, const char* what) {
    const cudaError_t error = stream ? forbid_captured(stream, what) : forbid_default_stream(what);
    return error ? error : forbid_unsafe(what);
}

cudaError_t enqueue_work(cudaStream_t handle, Work work) {
    Lock lock;
    CUstream_st* stream = resolve(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) {
        if (stream->capture->spoiled) return failed(cudaErrorStreamCaptureInvalidated);
        ++all().counters.captured;
        stream->capture->nodes.push_back(std::move(work));
        return cudaSuccess;
    }
    if (stream == &all().default_stream)
        if (cudaError_t error = forbid_default_stream(work.what + " on the default stream")) return error;
    Queued queued{++all().serial, std::move(work), {}};
    if (stream == &all().default_stream) {
        for (const auto& [id, other] : all().by_id)
            if (id && other->blocking) queued.after.push_back({id, other->last});
    } else if (stream->blocking) {
        queued.after.push_back({0, all().default_stream.last});
    }
    stream->last = queued.serial;
    stream->queue.push_back(std::move(queued));
    return cudaSuccess;
}

cudaError_t finish_drain() {
    check_redzones(all().last_work);
    run_frees();
    return take_error() ? failed(cudaErrorLaunchFailure) : cudaSuccess;
}

cudaError_t synchronise(cudaStream_t handle) {
    CUstream_st* stream = resolve(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (cudaError_t error = forbid_waiting(handle, "a synchronisation")) return error;
    ++all().counters.synchronisations;
    OpenDeviceMemory open;
    drain(*stream, stream->last);
    return finish_drain();
}

void drain_until(const Dependency& what) {
    auto it = all().by_id.find(what.stream);
    if (it == all().by_id.end()) return;
    OpenDeviceMemory open;
    drain(*it->second, what.serial);
}

bool has_run(const Dependency& what) {
    auto it = all().by_id.find(what.stream);
    return it == all().by_id.end() || it->second->queue.empty() || it->second->queue.front().serial > what.serial;
}

Dependency newest_of(cudaStream_t handle) {
    CUstream_st* stream = resolve(handle);
    return stream ? Dependency{stream->id, stream->last} : Dependency{};
}

cudaError_t wait_for(cudaStream_t stream, const Dependency& what) {
    if (cudaError_t error = forbid_captured(stream, "waiting for an event")) return error;
    if (cudaError_t error = enqueue_work(stream, {"wait for an event", [] {}, nullptr, 0})) return error;
    resolve(stream)->queue.back().after.push_back(what);
    return cudaSuccess;
}

cudaError_t synchronise_all() {
    if (cudaError_t error = refuse("a synchronisation of the device", [](const CUstream_st&) { return true; }))
        return error;
    ++all().counters.synchronisations;
    std::vector<CUstream_st*> streams;
    for (const auto& [id, stream] : all().by_id) streams.push_back(stream);
    if (order() != Order::forward) std::reverse(streams.begin(), streams.end());
    OpenDeviceMemory open;
    for (CUstream_st* stream : streams) drain(*stream, stream->last);
    return finish_drain();
}

void free_later(void* block) { all().frees.emplace_back(block, all().serial); }

bool freed_already(const void* block) {
    for (const auto& entry : all().frees)
        if (entry.first == block) return true;
    return false;
}

std::string queued_user_of(const void* host, size_t bytes) {
    const char* from = static_cast<const char*>(host);
    for (const auto& [id, stream] : all().by_id)
        for (const Queued& queued : stream->queue) {
            const char* used = static_cast<const char*>(queued.work.host);
            if (used && used < from + bytes && from < used + queued.work.host_bytes) return queued.work.what;
        }
    return "";
}

}  // namespace gpu::emulated

using namespace gpu::emulated;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
    Lock lock;
    if (flags > cudaStreamNonBlocking) return failed(cudaErrorInvalidValue);
    *stream = new CUstream_st;
    (*stream)->id = all().next_id++;
    (*stream)->blocking = flags == cudaStreamDefault;
    all().by_id[(*stream)->id] = *stream;
    return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Lock lock;
    if (!stream || !resolve(stream)) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) report("capture", "a stream is destroyed while it is captured");
    {
        OpenDeviceMemory open;  // its work is still executed
        drain(*stream, stream->last);
    }
    all().by_id.erase(stream->id);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    Lock lock;
    if (!resolve(stream)) return failed(cudaErrorInvalidResourceHandle);
    if (!stream) return failed(cudaErrorStreamCaptureUnsupported);
    if (stream->capture) return failed(cudaErrorStreamCaptureUnmatched);
    stream->capture = std::make_unique<Capture>(Capture{mode, std::this_thread::get_id(), {}, false});
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    Lock lock;
    *graph = nullptr;
    if (!stream || !resolve(stream) || !stream->capture) return failed(cudaErrorStreamCaptureUnmatched);
    if (!stream->capture->own() && stream->capture->mode != cudaStreamCaptureModeRelaxed)
        return failed(cudaErrorStreamCaptureWrongThread);
    std::unique_ptr<Capture> capture = std::move(stream->capture);
    if (capture->spoiled) return failed(cudaErrorStreamCaptureInvalidated);
    *graph = new CUgraph_st{std::move(capture->nodes)};
    all().graphs.insert(*graph);
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    Lock lock;
    CUstream_st* known = resolve(stream);
    if (!known) return failed(cudaErrorInvalidResourceHandle);
    *status = !known->capture           ? cudaStreamCaptureStatusNone
              : known->capture->spoiled ? cudaStreamCaptureStatusInvalidated
                                        : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    Lock lock;
    if (!all().graphs.count(graph)) return failed(cudaErrorInvalidValue);
    *executable = new CUgraphExec_st{std::make_shared<const std::vector<Work>>(graph->nodes)};
    all().executables.insert(*executable);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    Lock lock;
    if (!all().executables.count(executable)) return failed(cudaErrorInvalidValue);
    ++all().counters.graph_launches;
    // The executable graph may be destroyed before its work is executed, so the work owns its nodes.
    for (const Work& node : *executable->nodes)
        if (cudaError_t error = enqueue_work(stream, node)) return error;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    Lock lock;
    if (!all().executables.erase(executable)) return failed(cudaErrorInvalidValue);
    delete executable;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    Lock lock;
    if (!all().graphs.erase(graph)) return failed(cudaErrorInvalidValue);
    delete graph;
    return cudaSuccess;
}
