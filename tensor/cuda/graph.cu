#include "tensor/cuda/graph.h"

namespace astro::cuda {

// Relaxed: the allocator may need new memory from the device, which other modes forbid while a stream is captured. That
// is safe, as the memory is given back only after the graph.
Graph::Graph(cudaStream_t stream, Allocator& allocator, std::mutex& mutex)
    : stream_(stream), allocator_(allocator), mutex_(mutex) {
    allocator_.begin_capture();
    const cudaError_t status = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed);
    if (status == cudaSuccess) return;
    allocator_.end_capture(), allocator_.drop_capture();
    gpu::check(status, "begin of a capture");
}

Graph::~Graph() {
    if (executable_) cudaGraphExecDestroy(executable_);
    allocator_.drop_capture();
}

void Graph::discard() {
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream_, &graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();  // so that the next launch does not report it again
    allocator_.end_capture();
}

void Graph::finish() {
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
    const bool kept_nothing = allocator_.end_capture();
    gpu::check(status, "end of a capture");
    // From CUDA 11.4 on; cudaGraphInstantiate takes other arguments in 11 than in 12.
    const cudaError_t made = cudaGraphInstantiateWithFlags(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    gpu::check(made, "a graph");
    ASTRO_CHECK(kept_nothing, "cuda: captured work keeps memory that it asked for");
}

void Graph::replay() {
    std::lock_guard<std::mutex> lock(mutex_);
    gpu::check(cudaGraphLaunch(executable_, stream_), "launch of a graph");
}

}  // namespace astro::cuda
