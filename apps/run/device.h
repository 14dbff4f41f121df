// Where work runs: --device auto|cpu|cuda, --threads.
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
        v("device", device, "where the networks run; auto: a GPU where there is one", Source::ours,
          one_of({"auto", "cpu", "cuda"}));
        v("matmul", matmul,
          "cuda: what cuBLAS rounds the inputs of products to; own: the built-in product, f32, without cuBLAS",
          Source::ours, one_of({"f32", "tf32", "bf16", "own"}));
    }
};

struct ThreadOptions {
    int64_t threads = 0;

    template <class V>
    void visit(V& v) {
        v("threads", threads, "threads; 0: all that the process may use", Source::ours, between(0, 1024));
    }
    int count() const { return threads > 0 ? static_cast<int>(threads) : ThreadPool::available(); }
};

// Of the commands that check or measure a device: the CPU unless told otherwise.
struct CheckedDeviceOptions : DeviceOptions {
    CheckedDeviceOptions() { device = DeviceChoice::cpu; }
};

struct OpenedDevice {
    std::unique_ptr<Backend> backend;
    bool cuda = false;
    std::string words;  // what was taken and why, for one line: "cpu (avx512; cuda: no usable device: ...)"
};

// Error(device) where `cuda` was asked for and there is none.
OpenedDevice open_device(const DeviceOptions& options);

}  // namespace astro::app
