// The scheduler: indices, barriers, collectives, orders, and reports of misuse.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "tests/cuda_emulation/test_tools.h"

namespace {

__global__ void write_index(int* out, int n) {
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) out[i] = i;
}

__global__ void block_sum(const int* in, int* out, int n) {
    __shared__ int partial[32];
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    int value = i < n ? in[i] : 0;
    for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(~0u, value, unsigned(step));
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x == 0) {
        int total = 0;
        for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) total += partial[warp];
        out[blockIdx.x] = total;
    }
}

__global__ void reverse_in_block(int* data) {
    int* staged = static_cast<int*>(gpu::emulated::dynamic_shared(alignof(int)));
    staged[threadIdx.x] = data[blockIdx.x * blockDim.x + threadIdx.x];
    __syncthreads();
    data[blockIdx.x * blockDim.x + threadIdx.x] = staged[blockDim.x - 1 - threadIdx.x];
}

__global__ void collectives(int* out) {
    const int lane = int(threadIdx.x % 32);
    int* mine = out + threadIdx.x * 8;
    mine[0] = __shfl_sync(~0u, lane, 5);
    mine[1] = __shfl_up_sync(~0u, lane, 3);
    mine[2] = __shfl_down_sync(~0u, lane, 3);
    mine[3] = __shfl_xor_sync(~0u, lane, 1);
    mine[4] = __shfl_sync(~0u, lane, 1, 8);
    mine[5] = int(__ballot_sync(~0u, lane < 4));
    mine[6] = 10 * __any_sync(~0u, lane == 7) + __all_sync(~0u, lane < 31);
    mine[7] = __syncthreads_count(lane == 0);
}

__global__ void indices(int* out) {
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    out[block * blockDim.x * blockDim.y * blockDim.z + thread] = int(block * 1000 + thread);
}

// Defects.
__global__ void divergent_barrier(int* out) {
    if (threadIdx.x < 32) {
        __syncthreads();
        out[threadIdx.x] = 1;
    } else {
        __syncthreads();
    }
}
__global__ void early_return(int* out, int n) {
    if (int(threadIdx.x) >= n) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}
__global__ void partial_mask(int* out) { out[threadIdx.x] = __shfl_sync(0xffffu, int(threadIdx.x), 0); }
__global__ void divergent_shuffle(int* out) {
    int value = 0;
    if (threadIdx.x % 32 < 16) value = __shfl_sync(~0u, int(threadIdx.x), 0);
    out[threadIdx.x] = value;
}
__global__ void half_warp_at_barrier(int* out) {
    if (threadIdx.x < 16) __syncwarp();
    __syncthreads();
    out[threadIdx.x] = 1;
}
__global__ void past_dynamic_shared(int* out) {
    int* staged = static_cast<int*>(gpu::emulated::dynamic_shared(alignof(int)));
    staged[threadIdx.x + 1] = 1;
    __syncthreads();
    out[threadIdx.x] = staged[threadIdx.x + 1];
}

}  // namespace

TEST_CASE("emulation: one thread for each index, over block edges") {
    for (int n : {1, 31, 32, 33, 1000, 1024}) {
        DeviceArray<int> out(n);
        gpu::emulated::launch<write_index>((unsigned(n) + 127) / 128, 128, 0, nullptr, out.data, n);
        std::vector<int> want(static_cast<size_t>(n));
        std::iota(want.begin(), want.end(), 0);
        CHECK(out.read() == want);
    }
    CHECK(found() == "");
}

TEST_CASE("emulation: barriers and shuffles in every order of threads") {
    std::vector<int> in(1000);
    std::iota(in.begin(), in.end(), 1);
    DeviceArray<int> data(in);
    each_order([&] {
        DeviceArray<int> out(4);
        gpu::emulated::launch<block_sum>(4, 256, 0, nullptr, static_cast<const int*>(data.data), out.data, 1000);
        const std::vector<int> sums = out.read();
        CHECK(std::accumulate(sums.begin(), sums.end(), 0) == 500500);
        DeviceArray<int> reversed(in);
        gpu::emulated::launch<reverse_in_block>(7, 128, 128 * sizeof(int), nullptr, reversed.data);
        CHECK(reversed.read()[0] == 128);
        CHECK(reversed.read()[895] == 769);
    });
    CHECK(found() == "");
}

TEST_CASE("emulation: results of collectives") {
    DeviceArray<int> out(64 * 8);
    gpu::emulated::launch<collectives>(1, 64, 0, nullptr, out.data);
    const std::vector<int> got = out.read();
    auto lane = [&](size_t i) { return std::vector<int>(got.begin() + long(i * 8), got.begin() + long(i * 8 + 8)); };
    CHECK(lane(0) == std::vector<int>{5, 0, 3, 1, 1, 15, 10, 2});
    CHECK(lane(32 + 30) == std::vector<int>{5, 27, 30, 31, 25, 15, 10, 2});
    CHECK(found() == "");
}

TEST_CASE("emulation: indices in three dimensions") {
    DeviceArray<int> out(2 * 3 * 2 * 64);
    gpu::emulated::launch<indices>(dim3(2, 3, 2), dim3(8, 4, 2), 0, nullptr, out.data);
    const std::vector<int> got = out.read();
    bool right = true;
    for (size_t i = 0; i < got.size(); ++i) right = right && got[i] == int(i / 64 * 1000 + i % 64);
    CHECK(right);
    CHECK(found() == "");
}

TEST_CASE("emulation: misuse of barriers and collectives is reported") {
    DeviceArray<int> out(64);
    auto finding = [&](auto run) {
        run();
        CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
        return found();
    };
    CHECK(finding([&] { gpu::emulated::launch<divergent_barrier>(1, 64, 0, nullptr, out.data); }) == "barrier");
    CHECK(finding([&] { gpu::emulated::launch<early_return>(1, 64, 0, nullptr, out.data, 32); }) == "barrier");
    CHECK(finding([&] { gpu::emulated::launch<early_return>(1, 64, 0, nullptr, out.data, 40); }) == "barrier");
    CHECK(finding([&] { gpu::emulated::launch<partial_mask>(1, 64, 0, nullptr, out.data); }) == "warp mask");
    CHECK(finding([&] { gpu::emulated::launch<divergent_shuffle>(1, 64, 0, nullptr, out.data); }) == "warp divergence");
    CHECK(finding([&] { gpu::emulated::launch<half_warp_at_barrier>(1, 64, 0, nullptr, out.data); }) ==
          "warp divergence");
    CHECK(finding([&] { gpu::emulated::launch<write_index>(1, 48, 0, nullptr, out.data, 3); }) == "rules");
    CHECK(finding([&] { gpu::emulated::launch<write_index>(dim3(1, 65536), 32, 0, nullptr, out.data, 3); }) ==
          "launch");
    CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
    // The launch after an aborted one starts with clean stacks.
    gpu::emulated::launch<write_index>(1, 64, 0, nullptr, out.data, 64);
    CHECK(out.read()[63] == 63);
    CHECK(found() == "");
}

TEST_CASE("emulation: a write past dynamic shared memory is reported") {
    DeviceArray<int> out(64);
    gpu::emulated::launch<past_dynamic_shared>(1, 64, 64 * sizeof(int), nullptr, out.data);
    CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
    CHECK(found() != "");
}
