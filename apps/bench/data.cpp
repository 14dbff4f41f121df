// The items of `astro bench` for files: time and memory of loading and saving data sets of a million rows.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "apps/bench/items.h"
#include "data/dataset_load.h"
#include "data/file.h"
#include "data/npz.h"
#include "tensor/base/clock.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct Kind {
    const char* name;
    int64_t state, action, qpos, qvel;  // columns
};
constexpr Kind kKinds[] = {{"point", 2, 2, 2, 2}, {"ant", 29, 8, 15, 14}};
constexpr int64_t kRows = 1000000, kEpisodeRows = 201;

// Positions are random walks, velocities are noise, and actions are clipped noise. Observations are positions and
// velocities for the ant, and positions for the point maze, as in OGBench.
data::Dataset random_dataset(const Kind& kind) {
    data::Dataset d;
    d.rows = kRows, d.state_dim = kind.state, d.action_dim = kind.action;
    d.qpos_dim = kind.qpos, d.qvel_dim = kind.qvel;
    auto noise = [](int64_t columns, const char* stream) {
        std::vector<float> values(to_size(kRows * columns));
        Rng(0).stream(stream).fill_normal(values.data(), kRows * columns);
        return values;
    };
    d.qpos = noise(kind.qpos, "qpos"), d.qvel = noise(kind.qvel, "qvel"), d.actions = noise(kind.action, "actions");
    for (float& a : d.actions) a = std::clamp(a, -1.0f, 1.0f);
    for (size_t i = 0; i < d.qpos.size(); ++i)
        d.qpos[i] = .2f * d.qpos[i] + (i < to_size(kind.qpos) ? 0.0f : d.qpos[i - to_size(kind.qpos)]);
    for (int64_t row = 0; row < kRows; ++row) {
        const float *q = d.qpos.data() + row * kind.qpos, *v = d.qvel.data() + row * kind.qvel;
        d.observations.insert(d.observations.end(), q, q + kind.qpos);
        if (kind.state > kind.qpos) d.observations.insert(d.observations.end(), v, v + kind.qvel);
        d.terminals.push_back(row % kEpisodeRows == kEpisodeRows - 1 || row == kRows - 1);
    }
    data::index_episodes(d);
    return d;
}

// A temporary folder, removed with its contents.
struct Scratch {
    std::string path = (std::filesystem::temp_directory_path() / "astro-bench-XXXXXX").string();
    Scratch() {
        if (::mkdtemp(path.data()) == nullptr) fail(ErrorKind::io, path, ": cannot create the folder");
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

void write_stored(const std::string& path, const data::Dataset& d) {
    data::NpzWriter writer(path);
    auto add = [&](const char* key, data::NpyType type, const std::vector<int64_t>& shape, const void* values) {
        writer.add(key, type, shape, values, data::Compression::stored);
    };
    add("observations", data::NpyType::f4, {d.rows, d.state_dim}, d.observations.data());
    add("actions", data::NpyType::f4, {d.rows, d.action_dim}, d.actions.data());
    add("terminals", data::NpyType::b1, {d.rows}, d.terminals.data());
    add("qpos", data::NpyType::f4, {d.rows, d.qpos_dim}, d.qpos.data());
    add("qvel", data::NpyType::f4, {d.rows, d.qvel_dim}, d.qvel.data());
    writer.close();
}

// VmRSS or VmHWM of this process in MiB.
double memory_mib(const char* field) {
    std::ifstream status("/proc/self/status");
    for (std::string text; std::getline(status, text);)
        if (text.rfind(field, 0) == 0) return std::strtod(text.c_str() + std::string(field).size(), nullptr) / 1024;
    return 0;
}

// Seconds of each call, sorted, and the peak memory of the process during the calls.
struct Measured {
    std::vector<double> seconds;
    double before_mib = 0, peak_mib = 0;
};
Measured measure(int64_t rounds, const std::function<void()>& work) {
    work();  // brings the file into the page cache
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak (VmHWM) to the current memory
    Measured m;
    m.before_mib = memory_mib("VmRSS:");
    for (int64_t r = 0; r < rounds; ++r) {
        const double start = seconds_now();
        work();
        m.seconds.push_back(seconds_now() - start);
    }
    std::sort(m.seconds.begin(), m.seconds.end());
    m.peak_mib = memory_mib("VmHWM:");
    return m;
}

int64_t bytes_of(const data::Dataset& d) {
    return static_cast<int64_t>(4 * (d.observations.size() + d.actions.size() + d.qpos.size() + d.qvel.size()) +
                                d.terminals.size());
}

data::Json line(const char* name, const std::string& kind, const char* how, const char* arrays, const std::string& path,
                int64_t rows, int64_t bytes, const ThreadPool& threads, const Measured& m) {
    const double megabytes = 1e-6 * static_cast<double>(bytes);
    data::Json json = data::Json::object();
    json["name"] = name;
    json["kind"] = kind;
    json["how"] = how;
    json["arrays"] = arrays;
    json["rows"] = rows;
    json["threads"] = threads.size();
    json["array_mb"] = megabytes;
    json["file_mb"] = 1e-6 * static_cast<double>(data::InputFile(path).size());
    json["seconds_min"] = m.seconds.front();
    json["seconds_median"] = upper_median(m.seconds);
    json["mb_per_s"] = megabytes / m.seconds.front();
    json["peak_rss_mib"] = m.peak_mib;
    json["rss_before_mib"] = m.before_mib;
    json["repeats"] = ssize(m.seconds);
    return json;
}

void measure_loads(std::vector<data::Json>& lines, ThreadPool& threads, const std::string& path,
                   const std::string& kind, const char* how, int64_t rounds) {
    for (const data::Parts parts : {data::Parts::all, data::Parts::transitions}) {
        data::Dataset loaded;
        const Measured m = measure(rounds, [&] {
            loaded = data::Dataset();  // release the previous one first
            loaded = data::load_dataset(path, &threads, parts);
        });
        const char* arrays = parts == data::Parts::all ? "all" : "observations,actions,terminals";
        lines.push_back(line("npz-load", kind, how, arrays, path, loaded.rows, bytes_of(loaded), threads, m));
    }
}

const char* how_of(const std::string& file) {
    const data::NpzReader reader(file);
    return reader.compressed(reader.entry("observations")) ? "compressed" : "stored";
}

std::vector<data::Json> npz_load(ThreadPool& threads, const std::string& file, int64_t rounds) {
    std::vector<data::Json> lines;
    if (!file.empty()) {
        measure_loads(lines, threads, file, "file", how_of(file), rounds);
        return lines;
    }
    const Scratch folder;
    for (const Kind& kind : kKinds) {
        const std::string stored = folder.path + "/stored.npz", compressed = folder.path + "/compressed.npz";
        {
            const data::Dataset d = random_dataset(kind);
            write_stored(stored, d);
            data::save_dataset(compressed, d, &threads);
        }
        measure_loads(lines, threads, compressed, kind.name, "compressed", rounds);
        measure_loads(lines, threads, stored, kind.name, "stored", rounds);
    }
    return lines;
}

void measure_save(std::vector<data::Json>& lines, ThreadPool& threads, const data::Dataset& d, const std::string& kind,
                  int64_t rounds) {
    const Scratch folder;
    const std::string path = folder.path + "/written.npz";
    const Measured m = measure(rounds, [&] { data::save_dataset(path, d, &threads); });
    lines.push_back(line("npz-write", kind, "compressed", "all", path, d.rows, bytes_of(d), threads, m));
}

std::vector<data::Json> npz_write(ThreadPool& threads, const std::string& file, int64_t rounds) {
    std::vector<data::Json> lines;
    if (!file.empty()) {
        measure_save(lines, threads, data::load_dataset(file, &threads), "file", rounds);
    } else {
        for (const Kind& kind : kKinds) measure_save(lines, threads, random_dataset(kind), kind.name, rounds);
    }
    return lines;
}

}  // namespace

std::vector<BenchFileItem> bench_file_items() {
    return {{"npz-load", "load a data set of a million rows, of point maze and ant size", npz_load},
            {"npz-write", "compress and write such a data set", npz_write}};
}

}  // namespace astro::app
