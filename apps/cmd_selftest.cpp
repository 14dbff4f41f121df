// astro selftest: the op table on this machine: gradients in f64, and f32 against f64. On a GPU everything is run
// twice, which must give the same bits, and single operations are timed beside the device's limits.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/device.h"
#include "apps/kernel_timings.h"
#include "apps/measure.h"
#include "tensor/gradcheck.h"

namespace astro::app {

namespace {

constexpr int kSkipped = 77;  // what test drivers take for "not run here"

struct Row {
    int64_t cases = 0, failed = 0;
    double gradient = 0, single = 0;
    std::string message;
};

// The op table, by op.
std::map<std::string, Row> run_table(Backend& backend, bool twice) {
    std::map<std::string, Row> table;
    for (const OpCase& op_case : op_cases()) {
        OpReport report = check_op(backend, op_case, 1);
        if (twice && report.ok)
            for (DType type : {DType::f32, DType::f64})
                if (run_op(backend, op_case, type, 1) != run_op(backend, op_case, type, 1)) {
                    report.ok = false;
                    report.message = text("two runs in ", dtype_name(type), " differ");
                }
        Row& row = table[report.op];
        ++row.cases;
        row.gradient = std::max(row.gradient, report.worst_gradient);
        row.single = std::max(row.single, report.worst_f32);
        if (!report.ok) {
            ++row.failed;
            row.message = report.shapes + ": " + report.message;
        }
    }
    return table;
}

data::Json timings_json(const std::vector<KernelTiming>& timings) {
    data::Json list = data::Json::array();
    for (const KernelTiming& t : timings) {
        data::Json entry = data::Json::object();
        entry["name"] = t.name;
        entry["ms"] = t.milliseconds;
        entry["roofline_ms"] = t.roofline_milliseconds;
        entry["gigabytes"] = t.gigabytes;
        entry["gigaflop"] = t.gigaflop;
        list.push(entry);
    }
    return list;
}

}  // namespace

int run_selftest(CommandLine& line) {
    DeviceOptions device;
    OutputOptions output;
    device.device = DeviceChoice::cpu;
    line.add(device);
    line.add(output);
    if (!line.parse()) return 0;
    OpenedDevice opened;
    try {
        opened = open_device(device);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::device) throw;
        std::fprintf(stderr, "astro: skipped: %s\n", error.what());
        return kSkipped;
    }
    int64_t passed = 0, failed = 0;
    data::Json ops = data::Json::object();
    if (!output.json)
        std::printf("device %s\n%-20s %6s %22s %20s\n", opened.words.c_str(), "op", "cases", "gradient / tolerance",
                    "f32 - f64, relative");
    for (const auto& [op, row] : run_table(*opened.backend, opened.cuda)) {
        passed += row.cases - row.failed, failed += row.failed;
        data::Json entry = data::Json::object();
        entry["cases"] = row.cases;
        entry["gradient_error"] = row.gradient;
        entry["f32_error"] = row.single;
        ops[op] = entry;
        if (!output.json)
            std::printf("%-20s %6lld %22.2g %20.2g  %s\n", op.c_str(), static_cast<long long>(row.cases), row.gradient,
                        row.single, row.failed ? ("FAILED " + row.message).c_str() : "ok");
    }
    std::vector<KernelTiming> timings;
    DevicePeaks peaks;
    if (opened.cuda && cuda_peaks(peaks)) timings = time_kernels(*opened.backend, peaks);
    if (output.json) {
        data::Json json = data::Json::object();
        json["device"] = opened.words;
        json["isa"] = cpu_isa_name();
        json["passed"] = passed;
        json["failed"] = failed;
        json["ops"] = ops;
        if (!timings.empty()) json["timings"] = timings_json(timings);
        std::printf("%s\n", json.dump().c_str());
        return failed == 0 ? 0 : 1;
    }
    if (!timings.empty())
        std::printf("%-48s %10s %12s %12s %10s\n", "operation, f32", "ms", "ms at best", "GB/s", "GFLOP/s");
    for (const KernelTiming& t : timings)
        std::printf("%-48s %10.4f %12.4f %12.1f %10.1f\n", t.name.c_str(), t.milliseconds, t.roofline_milliseconds,
                    1e3 * t.gigabytes / t.milliseconds, 1e3 * t.gigaflop / t.milliseconds);
    std::printf("%lld passed, %lld failed\n", static_cast<long long>(passed), static_cast<long long>(failed));
    return failed == 0 ? 0 : 1;
}

}  // namespace astro::app
