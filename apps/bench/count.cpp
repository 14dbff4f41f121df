// astro bench --count: counts the GPU operations of a step while the CPU executes it, and gives a lower bound on the
// time.
#include <cstdio>

#include "apps/bench/counting_backend.h"
#include "apps/bench/items.h"
#include "apps/run/output.h"

namespace astro::app {

namespace {

struct Gpu {
    const char* name;
    double bytes_per_second, flop_per_second;  // memory bandwidth; f32 without tensor cores (NVIDIA's data sheets)
};
constexpr Gpu kGpus[] = {{"H200", 4.8e12, 67e12}, {"RTX 4090", 1.008e12, 82.6e12}};
constexpr double kLaunchSeconds = 2.5e-6;  // assumed time of one kernel launch; not measured by us

}  // namespace

DeviceWork count_device_work(const BenchItem& item) {
    const auto cpu = make_cpu_backend();
    DeviceWork work;
    const auto counting = make_counting_backend(*cpu, work);
    ThreadPool one(1);
    const std::function<void()> step = item.make(Context{*counting, one, 1});
    step();  // warm-up: the first step may allocate or initialise memory
    work = DeviceWork();
    step();
    return work;
}

void print_device_counts(const std::vector<BenchItem>& items, bool as_json) {
    if (!as_json) {
        std::printf(
            "one step with chunks = 1; each kernel reads or writes each array once; a training step is launched as\n"
            "one graph; \"one by one\": the time for separate kernel launches of %.1f us each\n",
            1e6 * kLaunchSeconds);
        std::printf("%-16s %8s %9s %7s %6s %10s %10s %14s", "step", "kernels", "launches", "copies", "waits", "MB",
                    "GFLOP", "one by one ms");
        for (const Gpu& gpu : kGpus) std::printf(" %12s", (std::string(gpu.name) + " ms").c_str());
        std::printf("\n");
    }
    for (const BenchItem& item : items) {
        const DeviceWork work = count_device_work(item);
        if (work.launches == 0) continue;  // runs on the host only
        const double units = static_cast<double>(item.units);
        const double kernels = static_cast<double>(work.launches) / units,
                     one_by_one_ms = 1e3 * kLaunchSeconds * kernels;
        const double launches = work.graphs > 0 ? static_cast<double>(work.graphs) / units : kernels;
        if (as_json) {
            data::Json json = data::Json::object();
            json["name"] = item.name;
            json["kernels"] = kernels;
            json["launches"] = launches;
            json["copies"] = static_cast<double>(work.copies) / units;
            json["waits"] = static_cast<double>(work.waits) / units;
            json["megabytes"] = 1e-6 * work.bytes / units;
            json["gflop"] = 1e-9 * work.flop / units;
            for (const Gpu& gpu : kGpus)
                json[std::string("roofline_ms ") + gpu.name] =
                    1e3 * work.seconds(gpu.bytes_per_second, gpu.flop_per_second) / units;
            print_line(json);
            continue;
        }
        std::printf("%-16s %8.0f %9.0f %7.0f %6.0f %10.2f %10.3f %14.3f", item.name.c_str(), kernels, launches,
                    static_cast<double>(work.copies) / units, static_cast<double>(work.waits) / units,
                    1e-6 * work.bytes / units, 1e-9 * work.flop / units, one_by_one_ms);
        for (const Gpu& gpu : kGpus)
            std::printf(" %12.3f", 1e3 * work.seconds(gpu.bytes_per_second, gpu.flop_per_second) / units);
        std::printf("\n");
        std::fflush(stdout);
    }
}

}  // namespace astro::app
