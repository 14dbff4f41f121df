#include "data/dataset_load.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "data/array_names.h"
#include "data/episode_ends.h"
#include "data/npz.h"
#include "data/wide_numbers.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

// A loop without branches, for speed. The position of a bad value is searched for only if there is one.
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

constexpr const char* kAugmented[] = {"is_synthetic", "bridge",        "source_row",
                                      "target_row",   "arrival_error", "sigma_delta"};

// True for a single column of non-negative integers, of which at least one is 2 or larger. Such actions are indices of
// discrete actions, whatever their dtype.
bool are_discrete(const std::vector<float>& actions, int64_t columns) {
    return columns == 1 &&
           std::all_of(actions.begin(), actions.end(), [](float a) { return a >= 0 && a == std::floor(a); }) &&
           *std::max_element(actions.begin(), actions.end()) >= 2;
}

// True if all actions that are used are 0 or 1: a single column with both, or several with exactly one 1 in each row.
bool are_one_hot(const Dataset& d) {
    bool zero = false, one = false;
    for (int64_t t = 0; t < d.rows; ++t) {
        if (nth(d.terminals, t) != 0) continue;
        int64_t ones = 0;
        for (int64_t i = 0; i < d.action_dim; ++i) {
            const double a = d.action_value(t, i);
            if (a != 0 && a != 1) return false;
            ones += a == 1;
            zero = zero || a == 0, one = one || a == 1;
        }
        if (d.action_dim > 1 && ones != 1) return false;
    }
    return zero && one;
}

// Reads one file. First checks the shapes of all arrays and creates a job for each; then runs the jobs.
class Loader {
  public:
    explicit Loader(const NpzReader& reader) : reader_(reader) {
        for (const char* key : {"observations", "actions"})
            if (!reader.find(key))
                fail(ErrorKind::data, reader.path(), ": no array '", key, "'; it has: ", reader.keys(),
                     renaming_hint(reader));
        data_.state_dim = columns("observations");
        file_rows_ = reader.entry("observations").header.shape[0];
        data_.action_dim = columns("actions");
        action_rows_ = reader.entry("actions").header.shape[0];
        if (file_rows_ == 0 || action_rows_ == 0 || data_.state_dim == 0 || data_.action_dim == 0) {
            fail(ErrorKind::data, reader.path(), ": no data: ", std::min(file_rows_, action_rows_), " rows, ",
                 data_.state_dim, " state and ", data_.action_dim, " action columns");
        }
        for (const char* key : {"observations", "actions"}) reader.check_size(reader.entry(key));
        const NpyHeader& actions = reader.entry("actions").header;
        if (actions.supported && actions.type != NpyType::f2 && actions.type != NpyType::f4 &&
            actions.type != NpyType::f8)
            refuse_discrete(text("dtype ", type_name(actions.type)));
    }

    Dataset load(ThreadPool* pool, Parts parts) {
        EpisodeEnds ends = read_episode_ends(reader_, file_rows_, action_rows_);
        data_.rows = ends.rows;
        data_.terminals = std::move(ends.terminals);
        data_.notes.insert(data_.notes.end(), ends.notes.begin(), ends.notes.end());
        if (is_wide(reader_.entry("observations").header.type))
            wide_observations();
        else
            rows("observations", data_.observations, data_.state_dim);
        actions(ends.action_of);
        const bool all = parts != Parts::transitions;
        simulator_ = parts == Parts::simulator;
        if (all) stored_state("qpos", data_.qpos, data_.qpos_dim, qpos_problem_);
        if (all) stored_state("qvel", data_.qvel, data_.qvel_dim, qvel_problem_);
        if (all && is_augmented()) augmented();
        read_all(pool);
        if (qpos_is_observations_) data_.qpos = absolute<float>(data_.observations, data_.origin);
        for (const std::string* problem : {&qpos_problem_, &qvel_problem_})
            if (!problem->empty())
                data_.notes.push_back(problem->substr(reader_.path().size() + 2) + "; it is ignored");
        if (ignored_actions_ > 0)
            data_.notes.push_back(text("actions are not finite on ", ignored_actions_,
                                       " last rows of episodes, where they are not used; they are read as 0"));
        if (are_discrete(data_.actions, data_.action_dim)) refuse_discrete("a single column of non-negative integers");
        if (are_one_hot(data_))
            data_.notes.push_back(text("actions look discrete (", data_.action_dim == 1 ? "0 or 1" : "one-hot",
                                       "); they are treated as continuous"));
        index_episodes(data_);
        return std::move(data_);
    }

  private:
    struct Job {
        uint64_t size;  // compressed bytes
        std::function<void()> read;
    };

    // Number of columns of an array of shape (rows, columns); 1 for (rows,).
    int64_t columns(const char* key) {
        const std::vector<int64_t>& shape = reader_.entry(key).header.shape;
        if (shape.size() == 1) {
            if (reader_.entry(key).header.supported)
                data_.notes.push_back(text(key, " of shape ", shape_text(shape), " are read as one column"));
            return 1;
        }
        if (shape.size() != 2) {
            fail(ErrorKind::data, reader_.where(key), ": shape ", shape_text(shape), ", expected (rows, columns)",
                 shape.size() == 3 ? "; hint: reshape it to (rows, columns), and mark the ends of episodes in terminals"
                 : shape.size() > 3 ? ": images are not supported"
                                    : "");
        }
        return shape[1];
    }

    [[noreturn]] void refuse_discrete(const std::string& what) {
        fail(ErrorKind::data, reader_.where("actions"), ": ", what,
             ": discrete actions are not supported, expected continuous actions as floats; hint: if they are "
             "continuous, scale them to [-1, 1] and store them as float32");
    }

    void require_shape(const char* key, int64_t rows_wanted, int64_t columns_wanted) {
        const std::vector<int64_t>& shape = reader_.entry(key).header.shape;
        bool vector = columns_wanted == 1 && shape.size() == 1;  // (N,) and (N, 1) mean the same
        if ((!vector && (shape.size() != 2 || shape[1] != columns_wanted)) || shape[0] != rows_wanted) {
            fail(ErrorKind::data, reader_.where(key), ": shape ", shape_text(shape), ", expected (", rows_wanted, ", ",
                 columns_wanted, ") because observations has ", file_rows_, " rows");
        }
    }

    // True if an optional array exists and has a row for each observation.
    bool present(const char* key) {
        const NpzEntry* entry = reader_.find(key);
        if (entry == nullptr) return false;
        const std::vector<int64_t>& shape = reader_.entry(key).header.shape;
        if (action_rows_ == file_rows_ || shape.empty() || shape[0] != action_rows_) return true;
        data_.notes.push_back(text(key, " has no rows for the last observations and is ignored"));
        return false;
    }

    // Reads qpos or qvel. If it is invalid and no simulator needs it, it is ignored. problem: for a note; it remains
    // empty for what load_dataset notes about any array.
    void stored_state(const char* key, std::vector<float>& out, int64_t& width, std::string& problem) {
        const auto attempt = [this, key, &out, &width, &problem](const std::function<void()>& read) {
            try {
                read();
            } catch (const Error& error) {
                if (simulator_ || error.kind() != ErrorKind::data) throw;
                const NpzEntry& entry = *reader_.find(key);
                if (entry.problem.empty() && entry.header.supported) problem = error.what();
                out.clear(), width = 0;
            }
        };
        const size_t planned = jobs_.size();
        attempt([&] {
            if (!present(key)) return;
            width = columns(key);
            // In point mazes qpos and observations are equal. Most of the time is spent on decompression, so the array
            // is decompressed once.
            const bool copied =
                &out == &data_.qpos && reader_.same_bytes(reader_.entry(key), reader_.entry("observations"));
            qpos_is_observations_ = qpos_is_observations_ || copied;
            if (!copied) rows(key, out, width);
        });
        if (jobs_.size() == planned) return;
        jobs_.back().read = [attempt, read = std::move(jobs_.back().read)] { attempt(read); };
    }

    // True if the file has all arrays of an augmented file. If it has only some, they have another meaning.
    bool is_augmented() {
        std::string found, missing;
        for (const char* key : kAugmented) {
            std::string& list = reader_.find(key) != nullptr ? found : missing;
            list += (list.empty() ? "" : ", ") + std::string(key);
        }
        if (!found.empty() && !missing.empty())
            data_.notes.push_back(text(found, " without ", missing, ": not an augmented file; ignored"));
        return missing.empty();
    }

    // Adds the job that reads an array into `out` and then calls `check`.
    template <class T>
    void plan(const char* key, std::vector<T>& out, std::function<void()> check) {
        const NpzEntry& entry = reader_.entry(key);
        reader_.check_size(entry);
        memory_ += static_cast<uint64_t>(entry.header.count) * sizeof(T);
        jobs_.push_back({reader_.compressed_size(entry), [this, key, &out, check] {
                             if constexpr (std::is_same_v<T, uint8_t>)
                                 out = reader_.read_flags(key);
                             else
                                 out = reader_.read_as<T>(key);
                             check();
                         }});
    }
    // An array with a row for each observation. Only the rows that are used are kept.
    void rows(const char* key, std::vector<float>& out, int64_t width) {
        require_shape(key, file_rows_, width);
        plan(key, out, [this, key, &out, width] {
            out.resize(to_size(data_.rows * width));
            require_finite(out, width, reader_.where(key));
        });
    }
    // Numbers of more digits than float32. An origin is subtracted before they are rounded, if precision would be lost.
    void wide_observations() {
        require_shape("observations", file_rows_, data_.state_dim);
        plan("observations", wide_, [this] {
            wide_.resize(to_size(data_.rows * data_.state_dim));
            data_.observations = rounded(wide_, data_.state_dim, {}, data_.origin);
            require_float32(wide_, data_.observations, data_.state_dim, reader_.where("observations"));
            data_.wide_observations = reader_.entry("observations").header.type == NpyType::f8 || !data_.origin.empty();
            wide_ = {};
            require_finite(data_.observations, data_.state_dim, reader_.where("observations"));
        });
    }
    void actions(const std::vector<int64_t>& action_of) {
        require_shape("actions", action_rows_, data_.action_dim);
        data_.wide_actions = reader_.entry("actions").header.type == NpyType::f8;
        if (data_.wide_actions)
            plan("actions", wide_actions_, [this, action_of] {
                place(wide_actions_, action_of);
                data_.actions = rounded(wide_actions_, data_.action_dim, data_.terminals, data_.action_origin);
                require_float32(wide_actions_, data_.actions, data_.action_dim, reader_.where("actions"));
                wide_actions_ = {};
                require_finite(data_.actions, data_.action_dim, reader_.where("actions"));
            });
        else
            plan("actions", data_.actions, [this, action_of] {
                place(data_.actions, action_of);
                require_finite(data_.actions, data_.action_dim, reader_.where("actions"));
            });
    }
    // Moves actions to their rows, and sets those that are not finite to 0 on the last rows of episodes, where they are
    // not used.
    template <class T>
    void place(std::vector<T>& values, const std::vector<int64_t>& action_of) {
        const auto width = to_size(data_.action_dim);
        if (!action_of.empty()) {
            std::vector<T> placed(action_of.size() * width, T{0});
            for (size_t t = 0; t < action_of.size(); ++t)
                if (action_of[t] >= 0)
                    std::copy_n(values.data() + to_size(action_of[t]) * width, width, placed.data() + t * width);
            values = std::move(placed);
        }
        for (size_t t = 0; t < data_.terminals.size(); ++t) {
            T* row = values.data() + t * width;
            if (data_.terminals[t] == 0 || std::all_of(row, row + width, [](T a) { return std::isfinite(a); }))
                continue;
            std::fill_n(row, width, T{0});
            ++ignored_actions_;
        }
    }
    void flags(const char* key, std::vector<uint8_t>& out) {
        require_shape(key, file_rows_, 1);
        plan(key, out, [] {});
    }
    void rows_of(const char* key, std::vector<int64_t>& out) {
        require_shape(key, file_rows_, 1);
        plan(key, out, [] {});
    }
    void augmented() {
        flags("is_synthetic", data_.is_synthetic);
        rows_of("bridge", data_.bridge);
        rows_of("source_row", data_.source_row);
        rows_of("target_row", data_.target_row);
        rows("arrival_error", data_.arrival_error, 1);
        const std::vector<int64_t>& shape = reader_.entry("sigma_delta").header.shape;
        if (shape != std::vector<int64_t>{data_.state_dim}) {
            fail(ErrorKind::data, reader_.where("sigma_delta"), ": shape ", shape_text(shape), ", expected (",
                 data_.state_dim, ",)");
        }
        plan("sigma_delta", data_.sigma_delta, [this] {
            require_finite(data_.sigma_delta, 1, reader_.where("sigma_delta"));
            for (float sigma : data_.sigma_delta)
                if (!(sigma >= 0))
                    fail(ErrorKind::data, reader_.where("sigma_delta"), ": ", sigma, ", expected at least 0");
        });
    }
    // Runs the jobs, each in one thread. The largest arrays come first, which balances the threads.
    void read_all(ThreadPool* pool) {
        check_memory(memory_, reader_.path());
        std::stable_sort(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.size > b.size; });
        auto body = [this](int64_t i) { nth(jobs_, i).read(); };
        auto n = ssize(jobs_);
        if (pool != nullptr) {
            pool->run(n, body);
        } else {
            for (int64_t i = 0; i < n; ++i) body(i);
        }
    }

    const NpzReader& reader_;
    Dataset data_;
    std::vector<Job> jobs_;
    std::vector<double> wide_, wide_actions_;  // numbers of more digits than float32, while they are read
    int64_t file_rows_ = 0, action_rows_ = 0;  // rows of observations and of actions in the file
    uint64_t memory_ = 0;                      // bytes of all planned arrays
    int64_t ignored_actions_ = 0;              // rows whose action was set to 0
    bool simulator_ = false;                   // an invalid qpos or qvel is an error
    bool qpos_is_observations_ = false;
    std::string qpos_problem_, qvel_problem_;  // why they are ignored
};

}  // namespace

Dataset load_dataset(const std::string& path, ThreadPool* pool, Parts parts, double unpack_ratio) {
    NpzReader reader(path, unpack_ratio);
    Dataset data = Loader(reader).load(pool, parts);
    for (const NpzEntry& entry : reader.entries())
        if (!entry.problem.empty())
            data.notes.push_back(text("array ", printable(entry.key, 60), " cannot be read and is ignored"));
        else if (!entry.header.supported)
            data.notes.push_back(text("array ", printable(entry.key, 60), " of dtype ",
                                      printable(entry.header.descr, 60), " is ignored"));
    data.notes.insert(data.notes.end(), reader.warnings().begin(), reader.warnings().end());
    return data;
}

void save_dataset(const std::string& path, const Dataset& data, ThreadPool* pool) {
    NpzWriter writer(path, pool);
    auto add = [&](const char* key, NpyType type, const std::vector<int64_t>& shape, const auto& values) {
        int64_t count = 1;
        for (int64_t d : shape) count *= d;
        ASTRO_CHECK(ssize(values) == count, path, ": ", key, " has ", values.size(), " elements, expected ", count);
        writer.add(key, type, shape, values.data(), Compression::deflated);
    };
    if (data.wide_observations)
        add("observations", NpyType::f8, {data.rows, data.state_dim}, absolute<double>(data.observations, data.origin));
    else
        add("observations", NpyType::f4, {data.rows, data.state_dim}, data.observations);
    if (data.wide_actions)
        add("actions", NpyType::f8, {data.rows, data.action_dim}, absolute<double>(data.actions, data.action_origin));
    else
        add("actions", NpyType::f4, {data.rows, data.action_dim}, data.actions);
    add("terminals", NpyType::b1, {data.rows}, data.terminals);
    const bool qpos_is_observations =
        !data.wide_observations && data.qpos_dim == data.state_dim && data.qpos.size() == data.observations.size() &&
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

}  // namespace astro::data
