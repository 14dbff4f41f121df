// Captured work as a CUDA graph: a single launch replays all of its kernels.
#pragma once

#include <mutex>

#include "tensor/backend.h"
#include "tensor/cuda/launch.cuh"

namespace astro::cuda {

// Records all work on the stream from the constructor to finish() or discard(), one of which must be called. The work
// may be issued by any thread. Its memory comes from the allocator's reserve for captures.
class Graph : public CapturedWork {
  public:
    Graph(cudaStream_t stream, Allocator& allocator, std::mutex& mutex);
    ~Graph() override;  // allowed while the device is still executing the graph
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    void finish();
    void discard();
    void replay() override;

  private:
    cudaStream_t stream_;
    Allocator& allocator_;
    std::mutex& mutex_;  // the lock of the backend
    cudaGraphExec_t executable_ = nullptr;
};

}  // namespace astro::cuda
