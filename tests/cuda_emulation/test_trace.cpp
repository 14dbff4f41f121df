// The checks of the asan and trace modes: all seeded defects are found, and controls have no findings.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/cuda_emulation/test_tools.h"
#include "tests/cuda_emulation/trace.h"

namespace {

constexpr int block = 64;

// Controls.
__global__ void sum_in_steps(const float* in, float* out) {
    __shared__ float partial[block];
    const int t = int(threadIdx.x);
    partial[t] = in[blockIdx.x * block + threadIdx.x];
    for (int half = block / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) partial[t] += partial[t + half];
    }
    if (t == 0) out[blockIdx.x] = partial[0];
}
__global__ void histogram(const int* in, unsigned* bins, int n) {
    __shared__ unsigned local[8];
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (threadIdx.x < 8) local[threadIdx.x] = 0;
    __syncthreads();
    if (i < n) atomicAdd(&local[in[i]], 1u);
    __syncthreads();
    if (threadIdx.x < 8) atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}
__global__ void warp_exchange(int* data) {
    __shared__ int staged[block];
    const unsigned t = threadIdx.x;
    staged[t] = data[t];
    __syncwarp();
    data[t] = staged[t ^ 1];
}
__global__ void halves(unsigned short* data) { data[threadIdx.x] = static_cast<unsigned short>(data[threadIdx.x] + 1); }
std::atomic<bool> kernel_runs{false}, host_is_done{false};
__global__ void waits_for_host() {
    kernel_runs = true;
    while (!host_is_done) std::this_thread::yield();
}
int number_of_the_host;  // zero-initialised memory, like shared arrays

// Defects.
__global__ void no_barrier(float* out) {
    __shared__ float partial[block];
    partial[threadIdx.x] = float(threadIdx.x);
    out[threadIdx.x] = partial[block - 1 - threadIdx.x];
}
__global__ void no_barrier_before_overwrite(float* data) {
    __shared__ float staged[block];
    for (int round = 0; round < 2; ++round) {
        staged[threadIdx.x] = data[threadIdx.x];
        __syncthreads();
        data[threadIdx.x] = staged[block - 1 - threadIdx.x];
    }
}
__global__ void warp_race(int* data) {
    __shared__ int staged[block];
    staged[threadIdx.x] = data[threadIdx.x];
    data[threadIdx.x] = staged[threadIdx.x ^ 1];
}
__global__ void lost_update(float* total, const float* in) { *total += in[blockIdx.x * blockDim.x + threadIdx.x]; }
__global__ void write_write(float* out) { out[threadIdx.x / 2] = float(threadIdx.x); }
__global__ void between_blocks(float* out) { out[threadIdx.x] = float(blockIdx.x); }
__global__ void read_of_other_block(float* data) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const float other = data[(i + blockDim.x) % (gridDim.x * blockDim.x)];
    data[i] = other;
}
__global__ void atomic_and_plain(unsigned* data) {
    if (threadIdx.x == 0)
        data[0] = 0;
    else
        atomicAdd(&data[0], 1u);
}
__global__ void unwritten_shared(float* out) {
    __shared__ float partial[block];
    if (threadIdx.x > 0) partial[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = partial[threadIdx.x];
}
__global__ void copy_of(const float* in, float* out, int n) {
    const int i = int(threadIdx.x);
    if (i < n) out[i] = in[i];
}
__global__ void past_local_array(const int* index, int* out) {
    int held[4] = {1, 2, 3, 4};
    out[threadIdx.x] = held[index[threadIdx.x]];
}

template <auto Kernel, class... Args>
std::string finding(unsigned blocks, Args... args) {
    found();
    gpu::emulated::launch<Kernel>(blocks, block, 0, nullptr, args...);
    cudaDeviceSynchronize();
    cudaGetLastError();
    return found();
}

// A race may also cause an uninitialised read.
bool is_race(const std::string& kinds) { return kinds == "race" || kinds == "race uninitialised"; }

const std::vector<float> ones(4 * block, 1.0f);

}  // namespace

TEST_CASE("emulation: correct kernels have no findings in every mode and order") {
    each_order([] {
        DeviceArray<float> in(ones), out(4);
        CHECK(finding<sum_in_steps>(4, static_cast<const float*>(in.data), out.data) == "");
        CHECK(out.read() == std::vector<float>(4, 64));
        std::vector<int> values(4 * block);
        for (size_t i = 0; i < values.size(); ++i) values[i] = int(i % 8);
        DeviceArray<int> which(values);
        DeviceArray<unsigned> bins(std::vector<unsigned>(8, 0));
        CHECK(finding<histogram>(4, static_cast<const int*>(which.data), bins.data, 4 * block) == "");
        CHECK(bins.read() == std::vector<unsigned>(8, 32));
        DeviceArray<int> data(std::vector<int>(block, 3));
        CHECK(finding<warp_exchange>(1, data.data) == "");
        DeviceArray<unsigned short> small(std::vector<unsigned short>(block, 3));
        CHECK(finding<halves>(1, small.data) == "");
    });
}

TEST_CASE("emulation: races are found in trace mode" * doctest::skip(!gpu::emulated::trace_mode)) {
    each_order([] {
        DeviceArray<float> data(ones), total(std::vector<float>{0});
        const float* in = data.data;
        CHECK(is_race(finding<no_barrier>(1, data.data)));
        CHECK(is_race(finding<no_barrier_before_overwrite>(1, data.data)));
        CHECK(is_race(finding<lost_update>(1, total.data, in)));
        CHECK(is_race(finding<write_write>(1, data.data)));
        CHECK(is_race(finding<between_blocks>(2, data.data)));
        CHECK(is_race(finding<read_of_other_block>(4, data.data)));
        DeviceArray<int> numbers(std::vector<int>(block, 0));
        CHECK(is_race(finding<warp_race>(1, numbers.data)));
        CHECK(is_race(finding<atomic_and_plain>(1, reinterpret_cast<unsigned*>(numbers.data))));
    });
}

TEST_CASE("emulation: uninitialised reads are found in trace mode" * doctest::skip(!gpu::emulated::trace_mode)) {
    DeviceArray<float> data(ones), empty(block), copy(block);
    CHECK(finding<unwritten_shared>(1, data.data) == "uninitialised");
    CHECK(finding<copy_of>(1, static_cast<const float*>(empty.data), copy.data, 3) == "uninitialised");
    copy.read();
    CHECK(found() == "uninitialised");  // a download of uninitialised memory
    DeviceArray<float> target(block);
    cudaMemcpy(target.data, empty.data, 16, cudaMemcpyDeviceToDevice);  // copies do not initialise it
    CHECK(finding<copy_of>(1, static_cast<const float*>(target.data), data.data, 3) == "uninitialised");
    cudaGetLastError();
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool exact_bounds = true;
#else
constexpr bool exact_bounds = gpu::emulated::trace_mode;
#endif

TEST_CASE("emulation: reads outside of blocks are found in asan and trace mode" * doctest::skip(!exact_bounds)) {
    DeviceArray<float> in(std::vector<float>(33, 1)), out(block);
    CHECK(finding<copy_of>(1, static_cast<const float*>(in.data), out.data, 33) == "");
    CHECK(finding<copy_of>(1, static_cast<const float*>(in.data), out.data, 34) == "bounds");
    DeviceArray<float> small(33);
    CHECK(finding<copy_of>(1, static_cast<const float*>(out.data), small.data, 0) == "");
    float* gone = nullptr;
    cudaMalloc(&gone, 256);
    cudaFree(gone);
    cudaDeviceSynchronize();
    const std::string after_free = finding<copy_of>(1, static_cast<const float*>(gone), out.data, 32);
    CHECK(after_free == (gpu::emulated::trace_mode ? "lifetime" : "bounds"));
}

TEST_CASE("emulation: bounds of arrays are found in asan and trace mode" * doctest::skip(!exact_bounds)) {
    DeviceArray<int> index(std::vector<int>(block, 4)), out(block);
    CHECK(finding<past_local_array>(1, static_cast<const int*>(index.data), out.data) != "");
}

TEST_CASE("emulation: copies from one redzone to another are found in every mode") {
    DeviceArray<float> in(std::vector<float>(33, 1)), out(33);
    CHECK(finding<copy_of>(1, static_cast<const float*>(in.data), out.data, 33) == "");
    CHECK(finding<copy_of>(1, static_cast<const float*>(in.data), out.data, 34) != "");
}

TEST_CASE("emulation: accesses of host code on another thread are not attributed to the running kernel") {
    std::thread host([] {
        while (!kernel_runs) std::this_thread::yield();
        number_of_the_host += 1;
        host_is_done = true;
    });
    CHECK(finding<waits_for_host>(1) == "");
    host.join();
    CHECK(number_of_the_host == 1);
}
