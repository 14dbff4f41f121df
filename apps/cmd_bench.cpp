// astro bench: how long whole steps take on this machine, beside the most that its cores could do.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "apps/bench_items.h"
#include "apps/measure.h"

namespace astro::app {

namespace {

struct BenchOptions {
    std::vector<std::string> items;
    int64_t threads = 0, rounds = 3, chunks = 8;
    double seconds = 2;

    template <class V>
    void visit(V& v) {
        v("items", items, "items to measure; empty: all", Source::ours, anything());
        v("threads", threads, "threads; 0: all that the process may use", Source::ours, between(0, 1024));
        v("chunks", chunks, "chunks a batch is cut into", Source::ours, between(1, 256));
        v("seconds", seconds, "least time an item is measured, in seconds", Source::ours, between(.01, 3600));
        v("rounds", rounds, "least number of times an item is measured", Source::ours, between(1, 1e6));
    }
};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// FLOP a second of register-only fused multiply-adds on all threads: the best of a few short runs.
double machine_peak(ThreadPool& threads) {
    double best = 0;
    for (int round = 0; round < 5; ++round) {
        std::vector<int64_t> done(static_cast<size_t>(threads.size()));
        const double start = now();
        threads.run(threads.size(), [&](int64_t t) { done[static_cast<size_t>(t)] = cpu_peak_loop(1000); });
        const double seconds = now() - start;
        int64_t total = 0;
        for (int64_t d : done) total += d;
        best = std::max(best, static_cast<double>(total) / seconds);
    }
    return best;
}

// Milliseconds of each call, sorted.
std::vector<double> measure_step(const std::function<void()>& step, double seconds, int64_t rounds) {
    double start = now();
    do step();
    while (now() - start < .25 * seconds);  // warm-up
    std::vector<double> all;
    start = now();
    while (static_cast<int64_t>(all.size()) < rounds || now() - start < seconds) {
        const double before = now();
        step();
        all.push_back(1e3 * (now() - before));
    }
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

int run_bench(CommandLine& line) {
    BenchOptions options;
    OutputOptions output;
    line.add(options);
    line.add(output);
    if (!line.parse()) return 0;
    std::vector<std::string> names;
    const std::vector<BenchItem> items = bench_items();
    for (const BenchItem& item : items) names.push_back(item.name);
    for (const std::string& wanted : options.items)
        if (std::find(names.begin(), names.end(), wanted) == names.end()) {
            const std::string nearest = nearest_name(wanted, names);
            fail(ErrorKind::usage, "unknown item '", wanted, "'", nearest.empty() ? "" : ", did you mean '" + nearest + "'?");
        }
    auto backend = make_cpu_backend();
    ThreadPool threads(options.threads ? static_cast<int>(options.threads) : ThreadPool::available());
    const Context context{*backend, threads, options.chunks};
    if (!output.json)
        std::printf("%s, %d threads\n%-17s %10s %10s %11s %9s %9s %7s\n", cpu_isa_name(), threads.size(), "step", "ms least",
                    "ms median", "a second", "GFLOP", "GFLOP/s", "of peak");
    for (const BenchItem& item : items) {
        const bool named = std::find(options.items.begin(), options.items.end(), item.name) != options.items.end();
        if (!named && (item.only_named || !options.items.empty())) continue;
        const std::function<void()> step = item.make(context);
        const double before = machine_peak(threads);
        const std::vector<double> ms = measure_step(step, options.seconds, options.rounds);
        const double peak = std::min(before, machine_peak(threads));
        const int64_t counted = cpu_flop_count();
        step();
        const double units = static_cast<double>(item.units), least = ms[0] / units, median = ms[ms.size() / 2] / units;
        const double gflop = 1e-9 * static_cast<double>(cpu_flop_count() - counted) / units, rate = gflop / least * 1e3;
        if (!output.json) {
            std::printf("%-17s %10.4f %10.4f %11.1f %9.3f %9.1f %6.0f%%\n", item.name.c_str(), least, median, 1e3 / least, gflop, rate,
                        100 * rate / peak * 1e9);
            std::fflush(stdout);
            continue;
        }
        data::Json json = data::Json::object();
        json["name"] = item.name;
        json["words"] = item.words;
        json["threads"] = threads.size();
        json["ms_per_step_min"] = least;
        json["ms_per_step_median"] = median;
        json["per_second"] = 1e3 / least;
        if (item.rows > 0) json["rows"] = item.rows;
        json["gflop"] = gflop;
        json["gflop_per_s"] = rate;
        json["machine_gflop_per_s"] = peak * 1e-9;
        json["repeats"] = static_cast<int64_t>(ms.size());
        std::printf("%s\n", json.dump(0).c_str());
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace astro::app
