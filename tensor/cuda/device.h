// What every kernel launch needs: the one stream, and memory for the time of an operation.
//
// Everything runs on one stream, so a block of memory that is given back may be handed out again at once: whoever
// gets it is behind in the stream.
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

// Memory of the device for the time of one operation.
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
