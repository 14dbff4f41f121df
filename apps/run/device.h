// Selection of the device and the number of threads: --device auto|cpu|cuda, --threads.
#pragma once

#include <memory>
#include <string>

#include "apps/method_names.h"
#include "astro/config/field.h"
#include "tensor/backend.h"
#include "tensor/base/threads.h"
#include "tensor/cuda/cuda.h"

namespace astro::app {

enum class DeviceChoice { automatic, cpu, cuda };

struct DeviceOptions {
    DeviceChoice device = DeviceChoice::automatic;
    Matmul matmul = Matmul::f32;

    template <class V>
    void visit(V& v) {
        v("device", device, "device for the networks; auto: a GPU if there is one", Source::ours,
          one_of({"auto", "cpu", "cuda"}));
        v("matmul", matmul,
          "cuda: type to which cuBLAS rounds the inputs of matrix products; own: built-in product in f32", Source::ours,
          one_of({"f32", "tf32", "bf16", "own"}));
    }
};

struct ThreadOptions {
    int64_t threads = 0;

    template <class V>
    void visit(V& v) {
        v("threads", threads,
          "number of threads, at most one for each processor that the process may use; 0: that many", Source::ours,
          between(0, 1024));
    }
    int count() const { return ThreadPool::usable(threads); }
};

// For commands that check or measure a device: the default is the CPU.
struct CheckedDeviceOptions : DeviceOptions {
    CheckedDeviceOptions() { device = DeviceChoice::cpu; }
};

struct OpenedDevice {
    std::unique_ptr<Backend> backend;
    bool cuda = false;
    std::string description;  // the choice and its reason, on one line: "cpu (avx512; cuda: no usable device: ...)"
};

// Throws Error(device) if `cuda` is requested but not available.
OpenedDevice open_device(const DeviceOptions& options);

}  // namespace astro::app
