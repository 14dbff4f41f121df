// A backend against the CPU's, through everything that the program asks of it: a training step of every network and
// learner, as it is and as the replay of a recording, and the sampler. `astro selftest` runs them on a device, the
// tests of the CUDA backend under its emulator.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/selftest/small_networks.h"

namespace astro::app {

// device: the one to be checked, which records steps; plain: the same without recordings.
struct CheckedDevices {
    Backend &device, &plain, &cpu;
};

struct DeviceReport {
    bool ok = true;
    double figure = 0, gradient = 0;  // largest relative differences from the CPU: of what a step reports, of gradients
    std::string message;              // what is wrong, if not ok
};

struct DeviceCheck {
    std::string name;
    std::function<DeviceReport(const CheckedDevices&)> run;
};

std::vector<DeviceCheck> device_checks();

}  // namespace astro::app
