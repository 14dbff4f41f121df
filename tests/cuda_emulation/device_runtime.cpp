// The runtime functions for devices, errors and attributes of kernels. There is one emulated device.
#include <cstdlib>
#include <cstring>

#include "tests/cuda_emulation/faults.h"
#include "tests/cuda_emulation/kernels.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/streams_impl.h"

using namespace gpu::emulated;

namespace {

constexpr size_t most_shared = 227 * 1024;  // per block, as for compute capability 9.0

// ASTRO_EMULATION_DEVICES=0 emulates a machine without a device.
int device_count() {
    const char* text = std::getenv("ASTRO_EMULATION_DEVICES");
    return text ? std::atoi(text) : 1;
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
    *count = device_count();
    if (faults().devices != cudaSuccess) return *count = 0, failed(faults().devices);
    return *count > 0 ? cudaSuccess : failed(cudaErrorNoDevice);
}
cudaError_t cudaDriverGetVersion(int* version) { return *version = faults().driver, cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
    return device >= 0 && device < device_count() ? cudaSuccess : failed(cudaErrorInvalidDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
    if (cudaError_t error = cudaSetDevice(device)) return error;
    *p = cudaDeviceProp{};
    std::strcpy(p->name, "emulated device");
    p->totalGlobalMem = device_memory_limit();
    p->sharedMemPerBlock = 48 * 1024, p->sharedMemPerBlockOptin = most_shared;
    p->warpSize = 32, p->maxThreadsPerBlock = 1024, p->major = 9, p->minor = 0;
    p->multiProcessorCount = 4, p->memoryBusWidth = 64, p->l2CacheSize = 1 << 20;
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    if (cudaError_t error = cudaSetDevice(device)) return error;
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock:
            *value = 1024;
            break;
        case cudaDevAttrMaxSharedMemoryPerBlock:
            *value = 48 * 1024;
            break;
        case cudaDevAttrClockRate:
            *value = 1000000;
            break;
        case cudaDevAttrMultiProcessorCount:
            *value = 4;
            break;
        case cudaDevAttrMemoryClockRate:
            *value = 1000000;
            break;
        case cudaDevAttrGlobalMemoryBusWidth:
            *value = 64;
            break;
        case cudaDevAttrL2CacheSize:
            *value = 1 << 20;
            break;
        case cudaDevAttrComputeCapabilityMajor:
            *value = 9;
            break;
        case cudaDevAttrComputeCapabilityMinor:
            *value = 0;
            break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin:
            *value = int(most_shared);
            break;
    }
    return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
    Lock lock;
    return synchronise_all();
}
cudaError_t cudaGetLastError() {
    Lock lock;
    return last_error(true);
}
cudaError_t cudaPeekAtLastError() {
    Lock lock;
    return last_error(false);
}

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "cudaSuccess";
        case cudaErrorInvalidValue:
            return "cudaErrorInvalidValue";
        case cudaErrorMemoryAllocation:
            return "cudaErrorMemoryAllocation";
        case cudaErrorInvalidConfiguration:
            return "cudaErrorInvalidConfiguration";
        case cudaErrorInvalidMemcpyDirection:
            return "cudaErrorInvalidMemcpyDirection";
        case cudaErrorInsufficientDriver:
            return "cudaErrorInsufficientDriver";
        case cudaErrorNoDevice:
            return "cudaErrorNoDevice";
        case cudaErrorInvalidDevice:
            return "cudaErrorInvalidDevice";
        case cudaErrorNoKernelImageForDevice:
            return "cudaErrorNoKernelImageForDevice";
        case cudaErrorInvalidResourceHandle:
            return "cudaErrorInvalidResourceHandle";
        case cudaErrorNotReady:
            return "cudaErrorNotReady";
        case cudaErrorLaunchFailure:
            return "cudaErrorLaunchFailure";
        case cudaErrorStreamCaptureUnsupported:
            return "cudaErrorStreamCaptureUnsupported";
        case cudaErrorStreamCaptureInvalidated:
            return "cudaErrorStreamCaptureInvalidated";
        case cudaErrorStreamCaptureUnmatched:
            return "cudaErrorStreamCaptureUnmatched";
        case cudaErrorStreamCaptureImplicit:
            return "cudaErrorStreamCaptureImplicit";
        case cudaErrorStreamCaptureWrongThread:
            return "cudaErrorStreamCaptureWrongThread";
    }
    return "unrecognized error code";
}
const char* cudaGetErrorString(cudaError_t error) {
    if (error == cudaErrorNoDevice) return "no CUDA-capable device is detected";
    if (error == cudaErrorMemoryAllocation) return "out of memory";
    if (error == cudaErrorLaunchFailure) return "the emulator found a defect";
    return cudaGetErrorName(error);
}
