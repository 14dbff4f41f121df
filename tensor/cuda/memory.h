// Device memory, and copies between host and device.
#pragma once

#include <mutex>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// Caches blocks of device memory. Under emulation the cache is usually disabled, so that bounds and lifetimes of blocks
// are checked. Released blocks are then freed at the next synchronisation, since work in the stream may still use them.
class DeviceAllocator : public Allocator {
  public:
    explicit DeviceAllocator(int64_t cache_limit) : Allocator(cache_limit) {}
    ~DeviceAllocator() override;
    void synchronised();  // to be called after a synchronisation of the stream

  protected:
    void* device_allocate(int64_t bytes) override;
    void device_release(void* block) override;

  private:
    std::mutex waiting_mutex_;
    std::vector<void*> waiting_;
};

// Copies between host and device through pinned memory, in stream order. send() returns as soon as the bytes are in
// pinned memory. fetch() waits for the stream.
class Staging {
  public:
    explicit Staging(cudaStream_t stream);
    ~Staging();
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    void send(void* device, const void* host, int64_t bytes);
    void fetch(void* host, const void* device, int64_t bytes);

  private:
    // Sizes of the buffers in bytes. They are small under emulation, so that tests exceed them.
    static constexpr int64_t kHalf = gpu::kEmulated ? 1 << 15 : 8 << 20, kFetch = gpu::kEmulated ? 1 << 14 : 1 << 20;

    char* reserve(int64_t bytes);

    cudaStream_t stream_;
    char* out_ = nullptr;       // two halves of kHalf bytes: one is filled while the device reads the other
    char* back_ = nullptr;      // kFetch bytes
    cudaEvent_t read_[2] = {};  // recorded when the device has read a half
    int half_ = 0;              // the half being filled
    int64_t used_ = 0;          // bytes of it in use
};

}  // namespace astro::cuda
