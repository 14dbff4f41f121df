#include "tensor/cuda/graph.h"

namespace astro::cuda {

// The mode is relaxed because the allocator may call cudaMalloc, which other modes forbid during a capture. This is
// safe because the memory is released only after the graph.
Graph::Graph(cudaStream_t stream, Allocator& allocator, std::mutex& mutex)
    : stream_(stream), allocator_(allocator), mutex_(mutex) {
    allocator_.begin_capture();
    const cudaError_t status = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed);
    if (status == cudaSuccess) return;
    allocator_.end_capture(), allocator_.drop_capture();
    gpu::check(status, "start of a capture");
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
    // This function needs CUDA 11.4. The arguments of cudaGraphInstantiate differ between CUDA 11 and 12.
    const cudaError_t made = cudaGraphInstantiateWithFlags(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    gpu::check(made, "instantiation of a graph");
    ASTRO_CHECK(kept_nothing, "cuda: captured work keeps memory that it allocated");
}

void Graph::replay() {
    std::lock_guard<std::mutex> lock(mutex_);
    gpu::check(cudaGraphLaunch(executable_, stream_), "launch of a graph");
}

}  // namespace astro::cuda
