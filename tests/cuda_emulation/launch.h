// An emulated launch: a kernel with copies of its arguments, queued on a stream.
//
// tensor/cuda/launch.cuh calls gpu::emulated::launch<kernel<...>>(grid, block, dynamic_shared_bytes, stream,
// args...). A launch is not executed before a synchronisation with its stream.
#pragma once

#include <tuple>
#include <type_traits>

#include "tests/cuda_emulation/runtime_types.h"
#include "tests/cuda_emulation/vector_types.h"

namespace gpu::emulated {

// A kernel of the program. It is registered when the program starts, and counted when it is executed.
struct Kernel {
    explicit Kernel(const char* pretty_function);
    const char* pretty;  // holds "Target = name"
    size_t launches = 0;
};

struct Launch {
    Kernel* kernel = nullptr;
    dim3 grid, block;
    size_t dynamic_shared_bytes = 0;
    virtual ~Launch() = default;
    virtual void run_thread() const = 0;  // the kernel, as the thread in `running`
};

void enqueue(Launch* launch, cudaStream_t stream);  // takes ownership; errors go to cudaGetLastError

template <auto Target>
const char* pretty_name() {
    return __PRETTY_FUNCTION__;
}

template <auto Target>
struct Registered {
    static Kernel kernel;
};
template <auto Target>
Kernel Registered<Target>::kernel(pretty_name<Target>());

template <auto Target, class... P>
struct PackedLaunch final : Launch {
    static_assert((std::is_trivially_copyable_v<P> && ...), "kernel parameters are copied byte by byte");
    std::tuple<P...> arguments;
    explicit PackedLaunch(P... args) : arguments(args...) {}
    void run_thread() const override { std::apply(Target, arguments); }
};

template <auto Target, class... P, class... Args>
Launch* pack(void (*)(P...), Args... args) {
    static_assert((size_t{0} + ... + sizeof(P)) <= 4096, "kernel parameters: 4 KB at most");
    return new PackedLaunch<Target, P...>(static_cast<P>(args)...);
}

template <auto Target, class... Args>
void launch(dim3 grid, dim3 block, size_t dynamic_shared_bytes, cudaStream_t stream, Args... args) {
    Launch* packed = pack<Target>(Target, args...);
    packed->kernel = &Registered<Target>::kernel;
    packed->grid = grid, packed->block = block;
    packed->dynamic_shared_bytes = dynamic_shared_bytes;
    enqueue(packed, stream);
}

}  // namespace gpu::emulated
