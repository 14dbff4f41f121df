// Captured work as a CUDA graph: one launch for all of its kernels.
#pragma once

#include <mutex>

#include "tensor/backend.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// What the stream is asked for between the constructor and finish() or discard(), one of which must follow. Any thread
// may ask; memory comes from the allocator's reserve for captures.
class Graph : public CapturedWork {
  public:
    Graph(cudaStream_t stream, Allocator& allocator, std::mutex& mutex);
    ~Graph() override;  // the device may still be at work on it
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    void finish();
    void discard();
    void replay() override;

  private:
    cudaStream_t stream_;
    Allocator& allocator_;
    std::mutex& mutex_;  // of the backend: held for each of its operations
    cudaGraphExec_t executable_ = nullptr;
};

}  // namespace astro::cuda
