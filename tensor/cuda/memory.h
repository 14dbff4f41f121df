// Memory of the device and the way between host and device.
#pragma once

#include <mutex>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// Caches blocks of the device. Under the emulator every block stands for itself, so that its bounds and lifetime are
// checked; blocks given back then wait for the next synchronisation, because work in the stream may still use them.
class DeviceAllocator : public Allocator {
  public:
    explicit DeviceAllocator(int64_t cache_limit) : Allocator(cache_limit) {}
    ~DeviceAllocator() override;
    void synchronised();  // the stream has drained

  protected:
    void* device_allocate(int64_t bytes) override;
    void device_release(void* block) override;

  private:
    std::mutex waiting_mutex_;
    std::vector<void*> waiting_;
};

// Copies between host and device through pinned memory, in the order of the stream. Sending returns as soon as the
// bytes are copied to pinned memory; fetching waits for the stream.
class Staging {
  public:
    explicit Staging(cudaStream_t stream);
    ~Staging();
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    void send(void* device, const void* host, int64_t bytes);
    void fetch(void* host, const void* device, int64_t bytes);

  private:
    // Bytes; small under the emulator, so that tests reach their ends.
    static constexpr int64_t kHalf = gpu::kEmulated ? 1 << 15 : 8 << 20, kFetch = gpu::kEmulated ? 1 << 14 : 1 << 20;

    char* reserve(int64_t bytes);

    cudaStream_t stream_;
    char* out_ = nullptr;       // two halves: one is filled while the device reads the other
    char* back_ = nullptr;      // kFetch
    cudaEvent_t read_[2] = {};  // the device has read this half
    int half_ = 0;
    int64_t used_ = 0;  // of the present half
};

}  // namespace astro::cuda
