// What every kernel launch needs: the stream, and temporary memory.
//
// All work is on one stream. A released block of memory can therefore be reused at once: its next user comes later in
// the stream.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

struct Device {
    cudaStream_t stream = nullptr;
    Allocator* allocator = nullptr;
};

// Device memory for the duration of one operation.
template <class T>
class Scratch {
  public:
    Scratch(const Device& device, int64_t n) : allocator_(*device.allocator), bytes_(n * int64_t{sizeof(T)}) {
        if (bytes_ > 0) data_ = allocator_.allocate(bytes_);
    }
    ~Scratch() {
        if (data_) allocator_.release(data_, bytes_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    T* get() { return static_cast<T*>(data_); }

  private:
    Allocator& allocator_;
    int64_t bytes_;
    void* data_ = nullptr;
};

}  // namespace astro::cuda
