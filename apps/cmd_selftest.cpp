// astro selftest: what a device computes, checked on this machine. The op table (gradients in f64, and f32 against f64)
// and the entries of the backend at sizes of several blocks, which are run twice on a GPU and must give the same bits;
// there with either matrix product, and training steps of every network against the CPU's; then single operations are
// timed beside the device's limits.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/device.h"
#include "apps/device_checks.h"
#include "apps/kernel_timings.h"
#include "apps/measure.h"
#include "tensor/backend_cases.h"
#include "tensor/gradcheck.h"

namespace astro::app {

namespace {

struct SelftestOptions {
    bool timings = true;

    template <class V>
    void visit(V& v) {
        v("timings", timings, "cuda: time single operations, too", Source::ours, anything());
    }
};

constexpr int kSkipped = 77;  // what test drivers take for "not run here"

// What is known of a row of a table after its cases.
struct Row {
    int64_t cases = 0, failed = 0;
    double first = 0, second = 0;  // the table's two columns, the largest of the cases
    std::string message;

    void add(double a, double b, const std::string& wrong) {
        ++cases;
        first = std::max(first, a), second = std::max(second, b);
        if (wrong.empty()) return;
        ++failed;
        message = wrong;
    }
};

struct Table {
    std::string key, title;     // in JSON; the heading of its first column
    std::string first, second;  // headings of the two figures; `second` may be empty: there is one
    std::string key_first, key_second;
    std::map<std::string, Row> rows = {};
};

template <class Run>
std::string differs_twice(bool twice, const Run& run) {
    for (DType type : {DType::f32, DType::f64})
        if (twice && run(type) != run(type)) return text("two runs in ", dtype_name(type), " differ");
    return "";
}

Table check_ops(const std::string& words, Backend& backend, bool twice) {
    Table table{"ops" + words, "op", "gradient / tolerance", "f32 - f64, relative", "gradient_error", "f32_error"};
    for (const OpCase& op_case : op_cases()) {
        // On a GPU, where every element costs launches, a sample of them; the kernels are the same for all.
        const OpReport report = check_op(backend, op_case, 1, twice ? 20 : 200);
        std::string wrong = report.ok
                                ? differs_twice(twice, [&](DType type) { return run_op(backend, op_case, type, 1); })
                                : report.message;
        if (!wrong.empty()) wrong = report.shapes + ": " + wrong;
        table.rows[report.op].add(report.worst_gradient, report.worst_f32, wrong);
    }
    return table;
}

Table check_entries(const std::string& words, Backend& backend, Backend& cpu, bool twice) {
    Table table{"entries" + words, "entry of the backend", "f32 - f64, relative", "", "f32_error", ""};
    for (const BackendCase& c : backend_cases()) {
        const CaseReport report = check_case(backend, cpu, c);
        std::string wrong =
            report.ok ? differs_twice(twice, [&](DType type) { return run_case(backend, type, c); }) : report.message;
        if (!wrong.empty()) wrong = c.sizes + ": " + wrong;
        table.rows[c.entry].add(report.worst, 0, wrong);
    }
    return table;
}

Table check_networks(const CheckedDevices& devices) {
    Table table{"networks",     "step, against the CPU's", "what it reports", "gradients",
                "figure_error", "gradient_error"};
    for (const DeviceCheck& check : device_checks()) {
        const DeviceReport report = check.run(devices);
        table.rows[check.name].add(report.figure, report.gradient, report.message);
    }
    return table;
}

std::unique_ptr<Backend> cuda(Matmul matmul, bool capture) {
    CudaOptions options;
    options.matmul = matmul, options.capture = capture;
    std::string reason;
    std::unique_ptr<Backend> backend = make_cuda_backend(options, reason);
    if (!backend) fail(ErrorKind::device, reason);
    return backend;
}

// Hands each table over as soon as it is complete.
void check_all(const OpenedDevice& opened, Matmul matmul, const std::function<void(const Table&)>& take) {
    const auto cpu = make_cpu_backend();
    take(check_ops("", *opened.backend, opened.cuda));
    take(check_entries("", *opened.backend, *cpu, opened.cuda));
    if (!opened.cuda) return;
    if (matmul != Matmul::own) {
        const auto own = cuda(Matmul::own, true);
        take(check_ops("_own_products", *own, true));
        take(check_entries("_own_products", *own, *cpu, true));
    }
    const auto plain = cuda(matmul, false);
    take(check_networks({*opened.backend, *plain, *cpu}));
}

void print_table(const Table& table) {
    std::printf("%s\n%-28s %6s %22s %20s\n", table.key.c_str(), table.title.c_str(), "cases", table.first.c_str(),
                table.second.c_str());
    for (const auto& [name, row] : table.rows) {
        std::printf("%-28s %6lld %22.2g ", name.c_str(), static_cast<long long>(row.cases), row.first);
        if (!table.second.empty()) std::printf("%20.2g  ", row.second);
        std::printf("%s\n", row.failed ? ("FAILED " + row.message).c_str() : "ok");
    }
    std::fflush(stdout);
}

data::Json table_json(const Table& table) {
    data::Json json = data::Json::object();
    for (const auto& [name, row] : table.rows) {
        data::Json entry = data::Json::object();
        entry["cases"] = row.cases;
        entry["failed"] = row.failed;
        entry[table.key_first] = row.first;
        if (!table.second.empty()) entry[table.key_second] = row.second;
        json[name] = entry;
    }
    return json;
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
    SelftestOptions options;
    DeviceOptions device;
    OutputOptions output;
    device.device = DeviceChoice::cpu;
    line.add(options);
    line.add(device);
    line.add(output);
    if (!line.parse()) return 0;
    if (device.matmul == Matmul::tf32 || device.matmul == Matmul::bf16)
        fail(ErrorKind::usage, "--matmul: the self-test's tolerances are for products of f32; hint: f32 or own");
    OpenedDevice opened;
    try {
        opened = open_device(device);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::device || cuda_devices() > 0) throw;
        std::fprintf(stderr, "astro: skipped: %s\n", error.what());
        return kSkipped;
    }
    int64_t passed = 0, failed = 0;
    data::Json json = data::Json::object();
    json["device"] = opened.words;
    json["isa"] = cpu_isa_name();
    if (!output.json) std::printf("device %s\n", opened.words.c_str());
    check_all(opened, device.matmul, [&](const Table& table) {
        for (const auto& [name, row] : table.rows) passed += row.cases - row.failed, failed += row.failed;
        json[table.key] = table_json(table);
        if (!output.json) print_table(table);
    });
    std::vector<KernelTiming> timings;
    DevicePeaks peaks;
    if (opened.cuda && options.timings && cuda_peaks(peaks)) timings = time_kernels(*opened.backend, peaks);
    if (output.json) {
        json["passed"] = passed;
        json["failed"] = failed;
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
