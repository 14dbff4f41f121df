// astro selftest: checks the computations of a device on this machine. It runs the op table (gradients in f64, and f32
// compared with f64) and the functions of the backend at sizes of several thread blocks. On a GPU it runs these twice,
// and the results must be identical. There it also compares training steps of all networks with the CPU, does all this
// with both matrix products, and times single operations.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/command_line/options.h"
#include "apps/run/device.h"
#include "apps/run/output.h"
#include "apps/selftest/device_checks.h"
#include "apps/selftest/kernel_timings.h"
#include "tensor/check/backend_cases.h"
#include "tensor/check/gradcheck.h"

namespace astro::app {

namespace {

struct SelftestOptions {
    bool timings = true;

    template <class V>
    void visit(V& v) {
        v("timings", timings, "cuda: also time single operations", Source::ours, anything());
    }
};

constexpr int kSkipped = 77;  // conventional exit code of skipped tests

// Results of all cases of a row of a table.
struct Row {
    int64_t cases = 0, failed = 0;
    double first = 0, second = 0;  // the two columns of the table: maxima over the cases
    std::string message;
};

struct Table {
    std::string key, title;     // key in JSON; heading of the first column
    std::string first, second;  // headings of the two figures; `second` is empty if there is only one
    std::string key_first, key_second;
    std::map<std::string, Row> rows = {};
};

// Figures of a case, and a description of the error; empty if it passed.
struct Verdict {
    double first = 0, second = 0;
    std::string wrong = {};
};

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
        if (row.failed) entry["message"] = row.message;
        json[name] = entry;
    }
    return json;
}

class Selftest {
  public:
    explicit Selftest(bool as_json) : as_json_(as_json) {}

    void ops(const std::string& suffix, Backend& backend, bool twice) {
        Table table{"ops" + suffix, "op", "gradient / tolerance", "f32 - f64, relative", "gradient_error", "f32_error"};
        for (const OpCase& op_case : op_cases())
            run(table, op_case.op, shapes_of(op_case), [&] {
                // On a GPU each element costs launches, so only a sample is checked; the kernels are the same for all.
                const OpReport report = check_op(backend, op_case, 1, twice ? 20 : 200);
                auto again = [&](DType type) { return run_op(backend, op_case, type, 1); };
                return Verdict{report.worst_gradient, report.worst_f32,
                               report.ok ? differs_twice(twice, again) : report.message};
            });
        take(table);
    }

    void entries(const std::string& suffix, Backend& backend, Backend& cpu, bool twice) {
        Table table{"entries" + suffix, "entry of the backend", "f32 - f64, relative", "", "f32_error", ""};
        for (const BackendCase& c : backend_cases())
            run(table, c.entry, c.sizes, [&] {
                const CaseReport report = check_case(backend, cpu, c);
                auto again = [&](DType type) { return run_case(backend, type, c); };
                return Verdict{report.worst, 0, report.ok ? differs_twice(twice, again) : report.message};
            });
        take(table);
    }

    void networks(const std::string& suffix, const CheckedDevices& devices) {
        Table table{"networks" + suffix, "step, against the CPU's", "what it reports", "gradients",
                    "figure_error",      "gradient_error"};
        for (const DeviceCheck& check : device_checks())
            run(table, check.name, "a step", [&] {
                const DeviceReport report = check.compare(devices);
                return Verdict{report.figure, report.gradient, report.message};
            });
        take(table);
    }

    bool broken() const { return broken_; }  // the device has failed and cannot be used any more
    int64_t passed = 0, failed = 0;
    data::Json json = data::Json::object();

  private:
    template <class Run>
    static std::string differs_twice(bool twice, const Run& run) {
        for (DType type : {DType::f32, DType::f64})
            if (twice && run(type) != run(type)) return text("two runs in ", dtype_name(type), " differ");
        return "";
    }

    template <class Run>
    void run(Table& table, const std::string& name, const std::string& sizes, const Run& check) {
        if (broken_) return;
        Verdict verdict;
        try {
            verdict = check();
        } catch (const Error& error) {
            verdict.wrong = error.what();
            broken_ = error.kind() == ErrorKind::device;
        }
        Row& row = table.rows[name];
        ++row.cases;
        row.first = std::max(row.first, verdict.first), row.second = std::max(row.second, verdict.second);
        if (verdict.wrong.empty()) return;
        ++row.failed;
        row.message = sizes + ": " + verdict.wrong;
    }

    void take(const Table& table) {
        for (const auto& [name, row] : table.rows) passed += row.cases - row.failed, failed += row.failed;
        json[table.key] = table_json(table);
        if (!as_json_) print_table(table);
    }

    bool as_json_, broken_ = false;
};

std::unique_ptr<Backend> open_cuda(Matmul matmul, bool capture) {
    CudaOptions options;
    options.matmul = matmul, options.capture = capture;
    std::string reason;
    std::unique_ptr<Backend> backend = make_cuda_backend(options, reason);
    if (!backend) fail(ErrorKind::device, reason);
    return backend;
}

// On a GPU, with both matrix products if cuBLAS is available.
void check_device(Selftest& test, Backend& opened, Matmul matmul) {
    const auto cpu = make_cpu_backend();
    std::vector<Matmul> products = {matmul};
    // The name of the backend tells which matrix products it uses.
    if (opened.name().find("own matrix products") == std::string::npos) products.push_back(Matmul::own);
    for (Matmul product : products) {
        const std::string suffix = products.size() > 1 && product == Matmul::own ? "_own_products" : "";
        const auto device = open_cuda(product, true), plain = open_cuda(product, false);
        test.ops(suffix, *device, true);
        test.entries(suffix, *device, *cpu, true);
        test.networks(suffix, {*device, *plain, *cpu});
        if (test.broken()) return;
    }
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
    CheckedDeviceOptions device;
    OutputOptions output;
    line.add(options);
    line.add(device);
    line.add(output);
    if (!line.parse()) return 0;
    if (device.matmul == Matmul::tf32 || device.matmul == Matmul::bf16)
        fail(ErrorKind::usage, "--matmul: the tolerances of the self-test require f32 products; hint: f32 or own");
    OpenedDevice opened;
    try {
        opened = open_device(device);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::device || cuda_present()) throw;
        std::fprintf(stderr, "astro: skipped: %s\n", error.what());
        return kSkipped;
    }
    Selftest test(output.json);
    test.json["device"] = opened.description;
    test.json["isa"] = cpu_isa_name();
    if (!output.json) std::printf("device %s\n", opened.description.c_str());
    if (opened.cuda) {
        check_device(test, *opened.backend, device.matmul);
    } else {
        test.ops("", *opened.backend, false);
        test.entries("", *opened.backend, *make_cpu_backend(), false);
    }
    const int code = test.failed == 0 ? 0 : 1;
    if (!output.json)
        std::printf("%lld passed, %lld failed\n", static_cast<long long>(test.passed),
                    static_cast<long long>(test.failed));
    std::vector<KernelTiming> timings;
    if (opened.cuda && options.timings && !test.broken()) {
        DevicePeaks peaks;  // zero if not known
        cuda_peaks(peaks);
        timings = time_kernels(*opened.backend, peaks);
    }
    if (output.json) {
        test.json["passed"] = test.passed;
        test.json["failed"] = test.failed;
        if (!timings.empty()) test.json["timings"] = timings_json(timings);
        std::printf("%s\n", test.json.dump().c_str());
        return code;
    }
    if (!timings.empty())
        std::printf("%-48s %10s %12s %12s %10s\n", "operation, f32", "ms", "ms at best", "GB/s", "GFLOP/s");
    for (const KernelTiming& t : timings)
        std::printf("%-48s %10.4f %12.4f %12.1f %10.1f\n", t.name.c_str(), t.milliseconds, t.roofline_milliseconds,
                    1e3 * t.gigabytes / t.milliseconds, 1e3 * t.gigaflop / t.milliseconds);
    return code;
}

}  // namespace astro::app
