// Tools for the tests of the emulator: device arrays, and findings as text.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/include/cuda_runtime.h"
#include "tests/cuda_emulation/scheduler.h"

template <class T>
struct DeviceArray {
    T* data = nullptr;
    size_t count;
    explicit DeviceArray(size_t n) : count(n) { cudaMalloc(&data, n * sizeof(T)); }
    explicit DeviceArray(int n) : DeviceArray(static_cast<size_t>(n)) {}
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
        cudaMemcpy(data, values.data(), count * sizeof(T), cudaMemcpyHostToDevice);
    }
    ~DeviceArray() { cudaFree(data); }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;
    std::vector<T> read() const {
        std::vector<T> values(count);
        cudaMemcpy(values.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost);
        return values;
    }
};

// The kinds of findings since the last call, sorted and without repetition; empty if there are none.
inline std::string found() {
    std::set<std::string> kinds;
    for (const gpu::emulated::Finding& finding : gpu::emulated::take_findings()) kinds.insert(finding.kind);
    std::string text;
    for (const std::string& kind : kinds) text += (text.empty() ? "" : " ") + kind;
    return text;
}

template <class F>
void each_order(F run) {
    using gpu::emulated::Order;
    for (Order order : {Order::forward, Order::reversed, Order::random}) {
        gpu::emulated::set_order(order, 7);
        run();
    }
    gpu::emulated::set_order(Order::forward);
}
