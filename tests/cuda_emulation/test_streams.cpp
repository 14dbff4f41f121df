// Lazy streams, graphs, guarded and poisoned memory, and reports of misuse.
#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/test_tools.h"

namespace {

__global__ void add_one(int* data, int n) {
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) data[i] += 1;
}
__global__ void store(int* data, int index, int value) {
    if (threadIdx.x == 0) data[index] = value;
}

struct Pinned {
    int* data = nullptr;
    explicit Pinned(size_t n) { cudaMallocHost(&data, n * sizeof(int)); }
    ~Pinned() { cudaFreeHost(data); }
};

}  // namespace

TEST_CASE("emulation: a stream executes nothing before a synchronisation") {
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    Pinned host(1);
    DeviceArray<int> data(std::vector<int>{1});
    gpu::emulated::launch<store>(1, 32, 0, stream, data.data, 0, 5);
    *host.data = 0;
    cudaMemcpyAsync(host.data, data.data, sizeof(int), cudaMemcpyDeviceToHost, stream);
    CHECK(*host.data == 0);                     // a missing synchronisation is visible
    CHECK(data.read() == std::vector<int>{1});  // a non-blocking stream doesn't wait for the default one
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(cudaStreamQuery(stream) == cudaSuccess);
    CHECK(*host.data == 5);
    // An upload reads its pinned source when it is executed, so overwriting the source too early is visible.
    *host.data = 7;
    cudaMemcpyAsync(data.data, host.data, sizeof(int), cudaMemcpyHostToDevice, stream);
    *host.data = 8;
    cudaStreamSynchronize(stream);
    CHECK(data.read() == std::vector<int>{8});
    cudaStreamDestroy(stream);
    CHECK(found() == "");
}

TEST_CASE("emulation: events order streams, the default stream orders blocking ones") {
    each_order([] {
        cudaStream_t first, second;
        cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
        cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
        cudaEvent_t event;
        cudaEventCreate(&event);
        DeviceArray<int> data(std::vector<int>{0});
        gpu::emulated::launch<store>(1, 32, 0, first, data.data, 0, 5);
        cudaEventRecord(event, first);
        cudaStreamWaitEvent(second, event);
        gpu::emulated::launch<add_one>(1, 32, 0, second, data.data, 1);
        CHECK(cudaEventQuery(event) == cudaErrorNotReady);
        cudaStreamSynchronize(second);
        CHECK(cudaEventQuery(event) == cudaSuccess);
        CHECK(data.read() == std::vector<int>{6});
        cudaStreamDestroy(first), cudaStreamDestroy(second), cudaEventDestroy(event);
        cudaStream_t blocking;
        cudaStreamCreate(&blocking);
        gpu::emulated::launch<store>(1, 32, 0, blocking, data.data, 0, 9);
        CHECK(data.read() == std::vector<int>{9});
        cudaStreamDestroy(blocking);
    });
    CHECK(found() == "");
}

TEST_CASE("emulation: a graph replays launches and copies with their first arguments") {
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    Pinned host(1);
    DeviceArray<int> data(std::vector<int>{0, 0});
    int index = 1;
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    cudaMemcpyAsync(data.data, host.data, sizeof(int), cudaMemcpyHostToDevice, stream);
    gpu::emulated::launch<add_one>(1, 32, 0, stream, data.data, 2);
    gpu::emulated::launch<add_one>(1, 32, 0, stream, data.data + index, 1);
    index = 77;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    CHECK(data.read() == std::vector<int>{0, 0});  // recording executes nothing
    CHECK(cudaGraphInstantiateWithFlags(&executable, graph, 0) == cudaSuccess);
    cudaGraphDestroy(graph);
    for (int round = 1; round <= 3; ++round) {
        *host.data = 10 * round;
        CHECK(cudaGraphLaunch(executable, stream) == cudaSuccess);
        CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
        CHECK(data.read() == std::vector<int>{10 * round + 1, 2 * round});
    }
    cudaGraphExecDestroy(executable);
    cudaStreamDestroy(stream);
    CHECK(found() == "");
}

TEST_CASE("emulation: forbidden calls invalidate a capture") {
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    DeviceArray<int> data(4);
    auto spoiled_by = [&](auto act) {
        cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
        act();
        cudaGraph_t graph;
        CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
        cudaGetLastError();
        return found();
    };
    int value = 0;
    void* block = nullptr;
    CHECK(spoiled_by([&] { cudaStreamSynchronize(stream); }) == "capture");
    CHECK(spoiled_by([&] { cudaDeviceSynchronize(); }) == "capture");
    CHECK(spoiled_by([&] { cudaMalloc(&block, 4); }) == "capture");
    CHECK(spoiled_by([&] { cudaMemcpy(&value, data.data, 4, cudaMemcpyDeviceToHost); }) == "capture");
    CHECK(spoiled_by([&] { gpu::emulated::launch<add_one>(1, 32, 0, nullptr, data.data, 1); }) == "capture");
    // A copy from memory that may have been freed when the graph is executed.
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
    CHECK(cudaMemcpyAsync(data.data, &value, 4, cudaMemcpyHostToDevice, stream) == cudaErrorInvalidValue);
    cudaGraph_t graph;
    cudaStreamEndCapture(stream, &graph);
    cudaGraphDestroy(graph);
    CHECK(found() == "capture");
    cudaStreamDestroy(stream);
    cudaGetLastError();
}

namespace {

// Captures a stream while `act` runs, in another thread if `elsewhere` is true. Returns "captured" or "spoiled", with
// the kinds of findings if there are any.
template <class Act>
std::string capturing(cudaStream_t stream, cudaStreamCaptureMode mode, bool elsewhere, Act act) {
    DeviceArray<int> data(std::vector<int>{0});
    CHECK(cudaStreamBeginCapture(stream, mode) == cudaSuccess);
    if (elsewhere)
        std::thread(act).join();
    else
        act();
    gpu::emulated::launch<add_one>(1, 32, 0, stream, data.data, 1);
    cudaGraph_t graph;
    const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    CHECK((ended == cudaSuccess || ended == cudaErrorStreamCaptureInvalidated));
    if (ended == cudaSuccess) cudaGraphDestroy(graph);
    cudaGetLastError();
    const std::string kinds = found();
    return (ended == cudaSuccess ? "captured" : "spoiled") + (kinds.empty() ? "" : ": " + kinds);
}

}  // namespace

TEST_CASE("emulation: while one thread captures in relaxed mode, others can use their own streams") {
    cudaStream_t captured;
    cudaStreamCreateWithFlags(&captured, cudaStreamNonBlocking);
    const auto train = [] {
        cudaStream_t stream;
        cudaEvent_t event;
        Pinned host(1);
        cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
        cudaEventCreate(&event);
        {
            DeviceArray<int> data(std::vector<int>{3});  // allocated, and filled through the default stream
            gpu::emulated::launch<add_one>(1, 32, 0, stream, data.data, 1);
            CHECK(cudaMemcpyAsync(host.data, data.data, sizeof(int), cudaMemcpyDeviceToHost, stream) == cudaSuccess);
            CHECK(cudaEventRecord(event, stream) == cudaSuccess);
            CHECK(cudaEventQuery(event) == cudaErrorNotReady);
            CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
            CHECK(cudaEventSynchronize(event) == cudaSuccess);
            CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
            CHECK(*host.data == 4);
        }
        // A second capture at the same time.
        const auto nothing = [] {};
        CHECK(capturing(stream, cudaStreamCaptureModeThreadLocal, false, nothing) == "captured");
        cudaEventDestroy(event), cudaStreamDestroy(stream);
        CHECK(cudaGetLastError() == cudaSuccess);
    };
    CHECK(capturing(captured, cudaStreamCaptureModeRelaxed, true, train) == "captured");
    CHECK(capturing(captured, cudaStreamCaptureModeThreadLocal, true, train) == "captured");
    CHECK(capturing(captured, cudaStreamCaptureModeGlobal, true, [&] { cudaStreamQuery(captured); }) ==
          "spoiled: capture");
    cudaStreamDestroy(captured);
}

TEST_CASE("emulation: which calls invalidate a capture depends on its mode and on the thread") {
    cudaStream_t captured, blocking, other;
    cudaStreamCreateWithFlags(&captured, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
    cudaStreamCreate(&blocking);
    cudaEvent_t event;
    cudaEventCreate(&event);
    cudaEventRecord(event, other);
    int value = 0;
    void *block = nullptr, *pinned = nullptr;
    DeviceArray<int> data(std::vector<int>{1});
    // The modes in which a call is allowed, for the capturing thread and for another one: g, t, r.
    const auto allowed = [&](auto act, cudaStream_t stream) {
        std::string modes;
        for (bool elsewhere : {false, true}) {
            for (cudaStreamCaptureMode mode :
                 {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed}) {
                const std::string outcome = capturing(stream, mode, elsewhere, act);
                CHECK((outcome == "captured" || outcome == "spoiled: capture"));
                if (outcome == "captured") modes += "gtr"[mode];
            }
            if (!elsewhere) modes += " ";
        }
        return modes;
    };
    // Potentially unsafe.
    CHECK(allowed([&] { cudaMalloc(&block, 4); }, captured) == "r tr");
    CHECK(allowed([&] { cudaMallocHost(&pinned, 4); }, captured) == "r tr");
    CHECK(allowed([&] { cudaStreamSynchronize(other); }, captured) == "r tr");
    CHECK(allowed([&] { cudaStreamQuery(other); }, captured) == "r tr");
    CHECK(allowed([&] { cudaEventSynchronize(event); }, captured) == "r tr");
    CHECK(allowed([&] { cudaEventQuery(event); }, captured) == "r tr");
    CHECK(allowed([&] { cudaMemcpy(&value, data.data, 4, cudaMemcpyDeviceToHost); }, captured) == "r tr");
    // Freeing memory on the capturing thread is not allowed in any mode.
    CHECK(allowed([&] { cudaMalloc(&block, 4), cudaFree(block); }, captured) == " tr");
    CHECK(allowed([&] { cudaMallocHost(&pinned, 4), cudaFreeHost(pinned); }, captured) == " tr");
    // Always forbidden.
    CHECK(allowed([&] { cudaStreamSynchronize(captured); }, captured) == " ");
    CHECK(allowed([&] { cudaStreamQuery(captured); }, captured) == " ");
    CHECK(allowed([&] { cudaDeviceSynchronize(); }, captured) == " ");
    CHECK(allowed([&] { cudaEventRecord(event, captured); }, captured) == " ");
    CHECK(allowed([&] { cudaStreamWaitEvent(captured, event); }, captured) == " ");
    // The default stream synchronises with blocking streams only.
    const auto on_default = [&] { gpu::emulated::launch<add_one>(1, 32, 0, nullptr, data.data, 1); };
    CHECK(allowed(on_default, captured) == "gtr gtr");
    CHECK(allowed(on_default, blocking) == " ");
    CHECK(allowed([&] { cudaStreamQuery(nullptr); }, blocking) == " ");
    CHECK(allowed([&] { cudaMemcpy(&value, data.data, 4, cudaMemcpyDeviceToHost); }, blocking) == " ");
    cudaDeviceSynchronize();
    cudaEventDestroy(event);
    for (cudaStream_t stream : {captured, blocking, other}) cudaStreamDestroy(stream);
    CHECK(found() == "");
}

TEST_CASE("emulation: a capture that is not relaxed must end in its thread; errors are per thread") {
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    for (auto [mode, expected] : {std::pair{cudaStreamCaptureModeGlobal, cudaErrorStreamCaptureWrongThread},
                                  std::pair{cudaStreamCaptureModeThreadLocal, cudaErrorStreamCaptureWrongThread},
                                  std::pair{cudaStreamCaptureModeRelaxed, cudaSuccess}}) {
        cudaGraph_t graph = nullptr;
        cudaError_t ended = cudaSuccess, seen = cudaSuccess;
        cudaStreamBeginCapture(stream, mode);
        std::thread([&] { ended = cudaStreamEndCapture(stream, &graph), seen = cudaPeekAtLastError(); }).join();
        CHECK(ended == expected);
        CHECK(seen == expected);
        CHECK(cudaGetLastError() == cudaSuccess);
        if (ended) CHECK(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
        cudaGraphDestroy(graph);
    }
    cudaStreamDestroy(stream);
    CHECK(found() == "");
}

TEST_CASE("emulation: copies are checked for range, side and lifetime") {
    DeviceArray<int> data(std::vector<int>{1, 2, 3, 4});
    std::vector<int> host(8);
    CHECK(cudaMemcpy(host.data(), data.data, 20, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(host.data(), data.data + 1, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(data.data, host.data(), 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(data.data, host.data(), 16, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
    CHECK(cudaMemset(data.data, 0, 17) == cudaErrorInvalidValue);
    CHECK(cudaFree(data.data + 1) == cudaErrorInvalidValue);
    CHECK(cudaFree(host.data()) == cudaErrorInvalidValue);
    CHECK(found() == "copy free");
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    CHECK(cudaGetLastError() == cudaSuccess);
    // Pinned memory is freed before a copy is executed.
    int* pinned = nullptr;
    cudaMallocHost(&pinned, 16);
    cudaMemcpyAsync(data.data, pinned, 16, cudaMemcpyHostToDevice, nullptr);
    cudaFreeHost(pinned);
    CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
    CHECK(found() == "lifetime");
    // Rows with pitches.
    std::vector<int> rows = {1, 2, 3, 4, 5, 6};
    DeviceArray<int> wide(std::vector<int>(8, 0));
    CHECK(cudaMemcpy2DAsync(wide.data, 16, rows.data(), 12, 8, 2, cudaMemcpyHostToDevice, nullptr) == cudaSuccess);
    CHECK(wide.read() == std::vector<int>{1, 2, 0, 0, 4, 5, 0, 0});
    CHECK(found() == "");
    cudaGetLastError();
}

TEST_CASE("emulation: memory is limited, poisoned and released when its users have run") {
    cudaDeviceSynchronize();
    const size_t before = gpu::emulated::live_blocks();
    gpu::emulated::set_device_memory(gpu::emulated::device_memory_used() + 1000);
    void* block = nullptr;
    CHECK(cudaMalloc(&block, 1001) == cudaErrorMemoryAllocation);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&block, 1000) == cudaSuccess);
    gpu::emulated::set_device_memory(size_t{8} << 30);
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    gpu::emulated::launch<store>(1, 32, 0, stream, static_cast<int*>(block), 3, 5);
    CHECK(cudaFree(block) == cudaSuccess);  // the launch was queued before, so it may still write
    CHECK(gpu::emulated::live_blocks() == before + 1);
    cudaStreamSynchronize(stream);
    CHECK(gpu::emulated::live_blocks() == before);
    CHECK(cudaFree(block) == cudaErrorInvalidValue);
    CHECK(found() == "free");
    cudaStreamDestroy(stream);
    cudaGetLastError();
}

TEST_CASE("emulation: writes outside a block are reported") {
    DeviceArray<int> data(5);
    for (int index : {-1, 5, 60}) {
        gpu::emulated::launch<store>(1, 32, 0, nullptr, data.data, index, 3);
        CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
        CHECK(found() != "");
    }
    gpu::emulated::launch<store>(1, 32, 0, nullptr, data.data, 4, 3);
    CHECK(cudaDeviceSynchronize() == cudaSuccess);
    CHECK(found() == "");
    cudaGetLastError();
}
