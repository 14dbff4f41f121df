// Checks that compare a backend with the CPU backend: training steps of all networks and learners, executed directly
// and replayed, and the sampler. `astro selftest` runs them on a device; the tests of the CUDA backend run them on the
// emulator.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/selftest/small_networks.h"

namespace astro::app {

// device: the backend to check, which records steps; plain: the same without recording.
struct CheckedDevices {
    Backend &device, &plain, &cpu;
};

struct DeviceReport {
    bool ok = true;
    double figure = 0, gradient = 0;  // largest relative differences from the CPU, of metrics and of gradients
    std::string message;              // description of the error, if not ok
};

struct DeviceCheck {
    std::string name;
    std::function<DeviceReport(const CheckedDevices&)> compare;  // with the CPU
};

std::vector<DeviceCheck> device_checks();

}  // namespace astro::app
