// Loads cuBLAS of the same major version as the CUDA runtime in this program.
#include <dlfcn.h>

#include "tensor/cuda/cublas.h"

namespace astro::cuda {

namespace {

template <class F>
bool find(void* library, const char* name, F& function, std::string& reason) {
    function = reinterpret_cast<F>(dlsym(library, name));
    if (!function) reason = std::string("cuBLAS has no ") + name;
    return function != nullptr;
}

}  // namespace

bool load_cublas(CublasTable& table, std::string& reason) {
    const std::string name = "libcublas.so." + std::to_string(CUDART_VERSION / 1000);
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed
    if (!library) {
        const char* why = dlerror();
        reason = why ? std::string(why) : "no " + name;
        return false;
    }
    return find(library, "cublasCreate_v2", table.create, reason) &&
           find(library, "cublasDestroy_v2", table.destroy, reason) &&
           find(library, "cublasSetStream_v2", table.set_stream, reason) &&
           find(library, "cublasSetWorkspace_v2", table.set_workspace, reason) &&
           find(library, "cublasGetVersion_v2", table.get_version, reason) &&
           find(library, "cublasGemmEx", table.gemm, reason);
}

}  // namespace astro::cuda
