// astro bench: measures training steps and matrix products on this machine, relative to the peak rate of its cores or
// GPU. bench/run.py runs it in alternation with the same work in PyTorch and NumPy.
#include <algorithm>
#include <cstdio>

#include "apps/bench/items.h"
#include "apps/command_line/options.h"
#include "apps/run/device.h"
#include "apps/run/output.h"
#include "tensor/base/clock.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct BenchOptions {
    std::vector<std::string> items;
    std::string file;
    bool list = false, count = false;
    ThreadOptions threads;
    int64_t rounds = 3, chunks = 0;
    double seconds = 1;

    template <class V>
    void visit(V& v) {
        v("items", items, "items or groups (steps, samplers, stitching, gemm, npz) to measure; empty: all",
          Source::ours, anything());
        v("file", file, "data set for npz-load and npz-write; empty: generated data", Source::ours, anything());
        v("list", list, "only list the items, each with its group", Source::ours, anything());
        v("count", count,
          "count the GPU operations of each step (launches, bytes, FLOP) and print a lower bound on its time, without "
          "measuring",
          Source::ours, anything());
        threads.visit(v);
        v("chunks", chunks, "number of chunks per batch; 0: 8, on a GPU 1", Source::ours, between(0, 256));
        v("seconds", seconds, "minimum time to measure an item, in seconds", Source::ours, between(.01, 3600));
        v("rounds", rounds, "minimum number of measurements of an item", Source::ours, between(1, 1e6));
    }
};

// FLOP a second of register-only fused multiply-adds on all threads: the best of twenty runs of 2 ms each, long
// enough that waking the threads does not count.
double machine_peak(ThreadPool& threads) {
    double best = 0;
    for (int round = 0; round < 20; ++round) {
        std::vector<int64_t> done(to_size(threads.size()));
        const double start = seconds_now();
        threads.run(threads.size(), [&](int64_t t) { nth(done, t) = cpu_peak_loop(2000); });
        const double seconds = seconds_now() - start;
        int64_t total = 0;
        for (int64_t d : done) total += d;
        best = std::max(best, static_cast<double>(total) / seconds);
    }
    return best;
}

// Milliseconds of each call, sorted.
std::vector<double> measure_calls(const std::function<void()>& step, double seconds, int64_t rounds) {
    double start = seconds_now();
    do step();
    while (seconds_now() - start < .25 * seconds);  // warm-up
    std::vector<double> all;
    start = seconds_now();
    while (ssize(all) < rounds || seconds_now() - start < seconds) {
        const double before = seconds_now();
        step();
        all.push_back(1e3 * (seconds_now() - before));
    }
    std::sort(all.begin(), all.end());
    return all;
}

constexpr const char* kFileGroup = "npz";

struct Items {
    std::vector<BenchItem> steps;
    std::vector<BenchFileItem> files;
};

// The items that are requested by name or group, in the order of the table.
Items choose_items(const std::vector<std::string>& wanted) {
    std::vector<BenchItem> all = training_items();
    for (BenchItem& item : maze_items()) all.push_back(std::move(item));
    for (BenchItem& item : gemm_items()) all.push_back(std::move(item));
    std::vector<std::string> known = {kFileGroup};
    for (const BenchItem& item : all) known.push_back(item.name), known.push_back(item.group);
    for (const BenchFileItem& item : bench_file_items()) known.push_back(item.name);
    for (const std::string& word : wanted) {
        if (std::find(known.begin(), known.end(), word) != known.end()) continue;
        const std::string nearest = nearest_name(word, known);
        fail(ErrorKind::usage, "unknown item '", word, "'",
             nearest.empty() ? "; astro bench --list lists them" : ", did you mean '" + nearest + "'?");
    }
    auto asked_for = [&](const std::string& word) {
        return std::find(wanted.begin(), wanted.end(), word) != wanted.end();
    };
    auto chosen = [&](const std::string& name, const std::string& group) {
        return wanted.empty() || asked_for(name) || asked_for(group);
    };
    Items items;
    for (BenchItem& item : all)
        if (item.only_named ? asked_for(item.name) : chosen(item.name, item.group))
            items.steps.push_back(std::move(item));
    for (BenchFileItem& item : bench_file_items())
        if (chosen(item.name, kFileGroup)) items.files.push_back(std::move(item));
    return items;
}

struct Measured {
    double minimum = 0, median = 0;  // milliseconds per update or product
    double gflop = 0;                // operations per update or product
    double rate = 0, peak = 0;       // GFLOP/s, at the minimum time; of the machine, the better of before and after
    double at_best = 0;              // milliseconds at the peak rates of the GPU, 0 if they are not known
    int64_t repeats = 0;
};

Measured measure_item(const BenchItem& item, const Context& context, const BenchOptions& options) {
    const std::function<void()> step = item.make(context);
    const double before = machine_peak(context.threads), units = static_cast<double>(item.units);
    const std::vector<double> ms = measure_calls(step, options.seconds, options.rounds);
    const double after = machine_peak(context.threads);
    const int64_t counted = cpu_flop_count();
    step();
    Measured m;
    m.minimum = ms[0] / units, m.median = upper_median(ms) / units;
    m.gflop = 1e-9 * static_cast<double>(cpu_flop_count() - counted) / units, m.rate = m.gflop / m.minimum * 1e3;
    m.peak = 1e-9 * std::max(before, after);
    m.repeats = ssize(ms);
    return m;
}

// On a GPU, which executes steps asynchronously: several calls, then one wait.
Measured measure_item_on_gpu(const BenchItem& item, const Context& context, const DevicePeaks& peaks,
                             const BenchOptions& options) {
    const std::function<void()> step = item.make(context);
    auto steps_and_wait = [&](int64_t n) {
        for (int64_t i = 0; i < n; ++i) step();
        Tensor::zeros(context.backend, DType::f32, Shape{1}).item();
    };
    steps_and_wait(2);  // the second step is recorded as a graph
    const double start = seconds_now();
    steps_and_wait(1);
    const auto in_a_row = static_cast<int64_t>(std::clamp(options.seconds / 10 / (seconds_now() - start), 1.0, 50.0));
    const std::vector<double> ms = measure_calls([&] { steps_and_wait(in_a_row); }, options.seconds, options.rounds);
    const double units = static_cast<double>(item.units), calls = units * static_cast<double>(in_a_row);
    const DeviceWork work = count_device_work(item);
    Measured m;
    m.minimum = ms[0] / calls, m.median = upper_median(ms) / calls;
    m.gflop = 1e-9 * work.flop / units, m.rate = m.gflop / m.minimum * 1e3;
    if (peaks.bytes_per_second > 0)
        m.at_best = 1e3 * work.seconds(peaks.bytes_per_second, peaks.flop_per_second) / units;
    m.repeats = ssize(ms);
    return m;
}

data::Json describe(const std::string& group, const std::string& name, const std::string& description) {
    data::Json json = data::Json::object();
    json["group"] = group;
    json["name"] = name;
    json["words"] = description;
    return json;
}

void list_item(const std::string& group, const std::string& name, const std::string& description, bool as_json) {
    if (as_json)
        print_line(describe(group, name, description));
    else
        std::printf("%-10s %-24s %s\n", group.c_str(), name.c_str(), description.c_str());
}

// device: name of the GPU and of its matrix products; empty: CPU.
void print_item(const BenchItem& item, const Measured& m, int threads, const std::string& device, bool as_json) {
    if (as_json) {
        data::Json json = describe(item.group, item.name, item.description);
        if (device.empty()) json["isa"] = cpu_isa_name();
        if (!device.empty()) json["device"] = device;
        json["threads"] = threads;
        json["ms_min"] = m.minimum;
        json["ms_median"] = m.median;
        json["per_second"] = 1e3 / m.minimum;
        if (item.rows > 0) json["rows"] = item.rows;
        json["gflop"] = m.gflop;
        json["gflop_per_s"] = m.rate;
        if (device.empty()) json["peak_gflop_per_s"] = m.peak;
        if (!device.empty()) json["roofline_ms"] = m.at_best;
        json["repeats"] = m.repeats;
        print_line(json);
    } else {
        std::printf("%-24s %10.4f %10.4f %10.4f %9.1f ", item.name.c_str(), m.minimum, m.median, m.gflop, m.rate);
        if (device.empty())
            std::printf("%6.0f%%\n", 100 * m.rate / m.peak);
        else
            std::printf("%10.4f\n", m.at_best);
    }
    std::fflush(stdout);
}

void measure_files(const BenchFileItem& item, const BenchOptions& options, ThreadPool& threads, bool as_json) {
    for (const data::Json& line : item.measure(threads, options.file, options.rounds)) {
        if (as_json) {
            print_line(line);
            continue;
        }
        std::printf("%-10s %-6s %-11s %-30s %9.1f ms min %9.1f median %8.0f MB/s %6.0f MiB peak\n", item.name.c_str(),
                    line.at("kind").as_string().c_str(), line.at("how").as_string().c_str(),
                    line.at("arrays").as_string().c_str(), 1e3 * line.at("seconds_min").as_real(),
                    1e3 * line.at("seconds_median").as_real(), line.at("mb_per_s").as_real(),
                    line.at("peak_rss_mib").as_real());
        std::fflush(stdout);
    }
}

void bench_cpu(const Items& items, const Context& context, const BenchOptions& options, bool as_json) {
    if (!as_json && !items.steps.empty())
        std::printf(
            "%s, %d threads; peak: multiply-adds on registers only, on all threads\n%-24s %10s %10s %10s %9s %7s\n",
            cpu_isa_name(), context.threads.size(), "item", "ms min", "ms median", "GFLOP", "GFLOP/s", "of peak");
    for (const BenchItem& item : items.steps)
        print_item(item, measure_item(item, context, options), context.threads.size(), "", as_json);
    for (const BenchFileItem& item : items.files) measure_files(item, options, context.threads, as_json);
}

// Items that run on the host only are skipped.
void bench_gpu(const Items& items, const Context& context, const std::string& device, const BenchOptions& options,
               bool as_json) {
    DevicePeaks peaks;
    const bool known = cuda_peaks(peaks);
    if (!as_json)
        std::printf("%s, %d threads; %s\n%-24s %10s %10s %10s %9s %10s\n", device.c_str(), context.threads.size(),
                    known ? "at best: limited by memory bandwidth and f32 arithmetic without tensor cores"
                          : "the device does not report its peak rates",
                    "item", "ms min", "ms median", "GFLOP", "GFLOP/s", "ms at best");
    for (const BenchItem& item : items.steps)
        if (item.group != "stitching")
            print_item(item, measure_item_on_gpu(item, context, peaks, options), context.threads.size(), device,
                       as_json);
}

}  // namespace

int run_bench(CommandLine& line) {
    BenchOptions options;
    CheckedDeviceOptions device;
    OutputOptions output;
    line.add(options);
    line.add(device);
    line.add(output);
    if (!line.parse()) return 0;
    const Items items = choose_items(options.items);
    if (options.list) {
        for (const BenchItem& item : items.steps) list_item(item.group, item.name, item.description, output.json);
        for (const BenchFileItem& item : items.files) list_item(kFileGroup, item.name, item.description, output.json);
        return 0;
    }
    if (options.count) {
        print_device_counts(items.steps, output.json);
        return 0;
    }
    const OpenedDevice opened = open_device(device);
    ThreadPool threads(options.threads.count());
    const Context context{*opened.backend, threads, options.chunks ? options.chunks : opened.cuda ? 1 : 8};
    if (opened.cuda)
        bench_gpu(items, context, opened.description, options, output.json);
    else
        bench_cpu(items, context, options, output.json);
    return 0;
}

}  // namespace astro::app
