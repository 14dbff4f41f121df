#include "data/dataset_load.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "data/environment.h"
#include "data/npz.h"
#include "tensor/base/error.h"

namespace astro::data {

namespace {

// All exponents at once first: a loop without branches, which is all that sound data need.
bool all_finite(const std::vector<float>& values) {
    constexpr uint32_t kExponent = 0x7F800000u;
    uint32_t bad = 0;
    for (const float& value : values) {
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        bad |= static_cast<uint32_t>((bits & kExponent) == kExponent);
    }
    return bad == 0;
}

void require_finite(const std::vector<float>& values, int64_t columns, const std::string& where) {
    if (all_finite(values)) return;
    size_t first = values.size(), bad_rows = 0;
    int64_t last_row = -1;
    for (size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i])) continue;
        int64_t row = static_cast<int64_t>(i) / columns;
        first = std::min(first, i);
        bad_rows += row != last_row;
        last_row = row;
    }
    fail(ErrorKind::data, where, " row ", static_cast<int64_t>(first) / columns, ", column ",
         static_cast<int64_t>(first) % columns, ": ", values[first], ", expected finite numbers (", bad_rows,
         bad_rows == 1 ? " such row)" : " such rows)");
}

// What one file's arrays must look like, and where they go.
class Loader {
  public:
    explicit Loader(const NpzReader& reader) : reader_(reader) {
        const NpzEntry& observations = reader.entry("observations");
        if (observations.header.shape.size() > 2) {
            fail(ErrorKind::data, reader.where("observations"), ": shape ", shape_text(observations.header.shape),
                 ", expected (rows, state): images are not supported");
        }
        data_.state_dim = columns("observations");
        data_.rows = observations.header.shape[0];
        data_.action_dim = columns("actions");
        if (data_.rows == 0 || data_.state_dim == 0 || data_.action_dim == 0) {
            fail(ErrorKind::data, reader.path(), ": no data: ", data_.rows, " rows, ", data_.state_dim, " state and ",
                 data_.action_dim, " action columns");
        }
        reader.entry("terminals");
    }

    Dataset load(ThreadPool* pool, Parts parts) {
        matrix("observations", data_.observations, data_.state_dim);
        matrix("actions", data_.actions, data_.action_dim);
        flags("terminals", data_.terminals, [this] {
            if (data_.terminals.back() != 1) {
                fail(ErrorKind::data, reader_.where("terminals"), " row ", data_.rows - 1,
                     ": 0, expected 1: the file must end with the end of an episode (is it cut off?)");
            }
            index_episodes(data_);
        });
        const bool all = parts == Parts::all;
        bool qpos_is_observations = false;
        if (all && reader_.find("qpos") != nullptr) {
            data_.qpos_dim = columns("qpos");
            // Point mazes: the same array twice, and inflating is what takes the time.
            qpos_is_observations = reader_.same_bytes(reader_.entry("qpos"), reader_.entry("observations"));
            if (!qpos_is_observations) matrix("qpos", data_.qpos, data_.qpos_dim);
        }
        if (all && reader_.find("qvel") != nullptr) matrix("qvel", data_.qvel, data_.qvel_dim = columns("qvel"));
        if (all && reader_.find("is_synthetic") != nullptr) augmented();
        // Every array was checked by shape above; now they are read, each by one thread, the largest first.
        std::stable_sort(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.size > b.size; });
        auto body = [this](int64_t i) { jobs_[static_cast<size_t>(i)].read(); };
        auto n = static_cast<int64_t>(jobs_.size());
        if (pool != nullptr) {
            pool->run(n, body);
        } else {
            for (int64_t i = 0; i < n; ++i) body(i);
        }
        if (qpos_is_observations) data_.qpos = data_.observations;
        return std::move(data_);
    }

  private:
    struct Job {
        uint64_t size;  // bytes in the file
        std::function<void()> read;
    };

    // Columns of a (rows, columns) array.
    int64_t columns(const char* key) {
        const std::vector<int64_t>& shape = reader_.entry(key).header.shape;
        if (shape.size() != 2) {
            fail(ErrorKind::data, reader_.where(key), ": shape ", shape_text(shape), ", expected (rows, columns)");
        }
        return shape[1];
    }

    void require_shape(const char* key, int64_t columns_wanted) {
        const std::vector<int64_t>& shape = reader_.entry(key).header.shape;
        bool vector = columns_wanted == 1 && shape.size() == 1;  // (N,) and (N, 1) mean the same
        if ((!vector && (shape.size() != 2 || shape[1] != columns_wanted)) || shape[0] != data_.rows) {
            fail(ErrorKind::data, reader_.where(key), ": shape ", shape_text(shape), ", expected (", data_.rows, ", ",
                 columns_wanted, ") as observations has ", data_.rows, " rows");
        }
    }

    template <class T>
    void plan(const char* key, std::vector<T>& out, std::function<void()> check) {
        jobs_.push_back({reader_.compressed_size(reader_.entry(key)), [this, key, &out, check] {
                             out = reader_.read_as<T>(key);
                             check();
                         }});
    }
    void matrix(const char* key, std::vector<float>& out, int64_t width) {
        require_shape(key, width);
        plan(key, out, [this, key, &out, width] { require_finite(out, width, reader_.where(key)); });
    }
    // then: what follows when all of them are sound.
    void flags(const char* key, std::vector<uint8_t>& out, const std::function<void()>& then) {
        require_shape(key, 1);
        plan(key, out, [this, key, &out, then] {
            auto bad = std::find_if(out.begin(), out.end(), [](uint8_t v) { return v > 1; });
            if (bad != out.end()) {
                fail(ErrorKind::data, reader_.where(key), " row ", bad - out.begin(), ": ", int{*bad},
                     ", expected 0 or 1");
            }
            then();
        });
    }
    void rows_of(const char* key, std::vector<int64_t>& out) {
        require_shape(key, 1);
        plan(key, out, [] {});
    }
    void augmented() {
        flags("is_synthetic", data_.is_synthetic, [] {});
        rows_of("bridge", data_.bridge);
        rows_of("source_row", data_.source_row);
        rows_of("target_row", data_.target_row);
        matrix("arrival_error", data_.arrival_error, 1);
        const std::vector<int64_t>& shape = reader_.entry("sigma_delta").header.shape;
        if (shape != std::vector<int64_t>{data_.state_dim}) {
            fail(ErrorKind::data, reader_.where("sigma_delta"), ": shape ", shape_text(shape), ", expected (",
                 data_.state_dim, ",)");
        }
        plan("sigma_delta", data_.sigma_delta,
             [this] { require_finite(data_.sigma_delta, 1, reader_.where("sigma_delta")); });
    }

    const NpzReader& reader_;
    Dataset data_;
    std::vector<Job> jobs_;
};

bool exists(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : "-") + word;
    return out;
}

// A name taken apart. file: the data set's name proper, "antmaze-large-navigate-v0"; empty: not such a name.
struct ParsedName {
    std::string file, environment, problem;
    int task = 0;
    bool oracle_representation = false;
};

// agent-[size-]type-[singletask-[taskN-]][oraclerep-]vK, as ogbench/utils.py takes it apart.
ParsedName parse_name(const std::string& name) {
    std::vector<std::string> words(1);
    for (char c : name) {
        if (c == '-') {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    ParsedName parsed;
    std::string version = words.back();
    bool is_version = version.size() > 1 && version[0] == 'v' &&
                      std::all_of(version.begin() + 1, version.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_version) return parsed;
    words.pop_back();
    if (!words.empty() && words.back() == "oraclerep") {
        parsed.oracle_representation = true;
        words.pop_back();
    }
    if (auto single = std::find(words.begin(), words.end(), "singletask"); single != words.end()) {
        std::vector<std::string> after(single + 1, words.end());
        words.erase(single, words.end());
        const std::string& agent = words.empty() ? "" : words[0];
        if (after.empty() && agent.find("maze") == std::string::npos && agent != "antsoccer") {
            parsed.problem = "say which task: -singletask-task1 to -task5";
        } else if (after.empty()) {
            parsed.task = agent == "antsoccer" ? 4 : 1;
        } else if (after.size() == 1 && after[0].size() == 5 && after[0].compare(0, 4, "task") == 0 &&
                   after[0][4] >= '1' && after[0][4] <= '5') {
            parsed.task = after[0][4] - '0';
        } else {
            parsed.problem = text("'", join(after), "' after -singletask-, expected task1 to task5");
        }
    }
    if (words.size() < 2 || std::find(words.begin(), words.end(), "") != words.end()) return parsed;
    parsed.file = join(words) + "-" + version;
    words.pop_back();  // the kind of data: navigate, stitch, ...
    parsed.environment = join(words) + "-" + version;
    return parsed;
}

}  // namespace

Dataset load_dataset(const std::string& path, ThreadPool* pool, Parts parts) {
    NpzReader reader(path);
    return Loader(reader).load(pool, parts);
}

void save_dataset(const std::string& path, const Dataset& data, ThreadPool* pool) {
    NpzWriter writer(path, pool);
    auto add = [&](const char* key, NpyType type, const std::vector<int64_t>& shape, const auto& values) {
        int64_t count = 1;
        for (int64_t d : shape) count *= d;
        ASTRO_CHECK(static_cast<int64_t>(values.size()) == count, path, ": ", key, " has ", values.size(),
                    " elements, expected ", count);
        writer.add(key, type, shape, values.data(), Compression::deflated);
    };
    add("observations", NpyType::f4, {data.rows, data.state_dim}, data.observations);
    add("actions", NpyType::f4, {data.rows, data.action_dim}, data.actions);
    add("terminals", NpyType::b1, {data.rows}, data.terminals);
    const bool qpos_is_observations =
        data.qpos_dim == data.state_dim && data.qpos.size() == data.observations.size() &&
        std::memcmp(data.qpos.data(), data.observations.data(), data.qpos.size() * sizeof(float)) == 0;
    if (qpos_is_observations)
        writer.add_again("qpos", "observations");
    else if (data.qpos_dim > 0)
        add("qpos", NpyType::f4, {data.rows, data.qpos_dim}, data.qpos);
    if (data.qvel_dim > 0) add("qvel", NpyType::f4, {data.rows, data.qvel_dim}, data.qvel);
    if (!data.is_synthetic.empty()) {
        add("is_synthetic", NpyType::b1, {data.rows}, data.is_synthetic);
        add("bridge", NpyType::i8, {data.rows}, data.bridge);
        add("source_row", NpyType::i8, {data.rows}, data.source_row);
        add("target_row", NpyType::i8, {data.rows}, data.target_row);
        add("arrival_error", NpyType::f4, {data.rows}, data.arrival_error);
        add("sigma_delta", NpyType::f4, {data.state_dim}, data.sigma_delta);
    }
    writer.close();
}

DatasetName resolve_dataset(const std::string& name_or_path, const std::string& data_folder) {
    bool is_path = name_or_path.find('/') != std::string::npos || ends_with(name_or_path, ".npz");
    DatasetName found;
    std::string name = name_or_path;
    if (is_path) {
        found.path = name_or_path;
        name = name.substr(name.rfind('/') + 1);
        if (ends_with(name, ".npz")) name.resize(name.size() - 4);
        if (ends_with(name, "-val")) name.resize(name.size() - 4);
    }
    ParsedName parsed = parse_name(name);
    if (!is_path) {
        if (!parsed.problem.empty()) fail(ErrorKind::usage, "data set '", name, "': ", parsed.problem);
        if (parsed.file.empty()) {
            fail(ErrorKind::usage, "data set '", name,
                 "': neither a file (NAME.npz) nor an OGBench name such as pointmaze-medium-stitch-v0");
        }
        found.path = data_folder + "/" + parsed.file + ".npz";
    }
    const Environment* built_in = find_environment(name);
    found.environment = built_in ? built_in->spec().name : parsed.environment;
    found.singletask_task = parsed.task;
    found.oracle_representation = parsed.oracle_representation;
    if (!exists(found.path)) {
        fail(ErrorKind::io, "data set '", name_or_path, "': no file ", found.path,
             is_path ? "" : " (put it there, or name the data folder or the file)");
    }
    if (ends_with(found.path, ".npz") && !ends_with(found.path, "-val.npz")) {
        std::string validation = found.path.substr(0, found.path.size() - 4) + "-val.npz";
        if (exists(validation)) found.val_path = validation;
    }
    return found;
}

}  // namespace astro::data
