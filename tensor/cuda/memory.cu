#include <algorithm>
#include <cstring>

#include "tensor/cuda/memory.h"

namespace astro::cuda {

DeviceAllocator::~DeviceAllocator() {
    flush();
    synchronised();
}

void* DeviceAllocator::device_allocate(int64_t bytes) {
    void* block = nullptr;
    const cudaError_t status = cudaMalloc(&block, static_cast<size_t>(bytes));
    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // so that the next launch does not report it again
        return nullptr;
    }
    gpu::check(status, "memory");
    return block;
}

void DeviceAllocator::device_release(void* block) {
    if (!gpu::kEmulated) {
        cudaFree(block);  // waits for the device
        return;
    }
    std::lock_guard<std::mutex> lock(waiting_mutex_);
    waiting_.push_back(block);
}

void DeviceAllocator::synchronised() {
    std::lock_guard<std::mutex> lock(waiting_mutex_);
    for (void* block : waiting_) cudaFree(block);
    waiting_.clear();
}

Staging::Staging(cudaStream_t stream) : stream_(stream) {
    gpu::check(cudaMallocHost(&out_, static_cast<size_t>(2 * kHalf)), "pinned memory");
    gpu::check(cudaMallocHost(&back_, static_cast<size_t>(kFetch)), "pinned memory");
    for (cudaEvent_t& event : read_) gpu::check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event");
}

Staging::~Staging() {
    cudaStreamSynchronize(stream_);
    for (cudaEvent_t event : read_) cudaEventDestroy(event);
    cudaFreeHost(out_);
    cudaFreeHost(back_);
}

char* Staging::reserve(int64_t bytes) {
    if (used_ + bytes > kHalf) {
        gpu::check(cudaEventRecord(read_[half_], stream_), "event");
        half_ = 1 - half_, used_ = 0;
        gpu::check(cudaEventSynchronize(read_[half_]), "event");  // returns at once if never recorded
    }
    char* place = out_ + half_ * kHalf + used_;
    used_ += (bytes + 63) / 64 * 64;
    return place;
}

void Staging::send(void* device, const void* host, int64_t bytes) {
    for (int64_t done = 0; done < bytes;) {
        const int64_t part = std::min(bytes - done, kHalf);
        char* pinned = reserve(part);
        std::memcpy(pinned, static_cast<const char*>(host) + done, static_cast<size_t>(part));
        gpu::check(cudaMemcpyAsync(static_cast<char*>(device) + done, pinned, static_cast<size_t>(part),
                                   cudaMemcpyHostToDevice, stream_),
                   "copy to the device");
        done += part;
    }
}

void Staging::fetch(void* host, const void* device, int64_t bytes) {
    for (int64_t done = 0; done < bytes;) {
        const int64_t part = std::min(bytes - done, kFetch);
        gpu::check(cudaMemcpyAsync(back_, static_cast<const char*>(device) + done, static_cast<size_t>(part),
                                   cudaMemcpyDeviceToHost, stream_),
                   "copy from the device");
        gpu::check(cudaStreamSynchronize(stream_), "synchronisation");
        std::memcpy(static_cast<char*>(host) + done, back_, static_cast<size_t>(part));
        done += part;
    }
}

}  // namespace astro::cuda
