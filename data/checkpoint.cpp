#include "data/checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "data/file.h"
#include "data/npz.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFormat = "astro checkpoint";
constexpr int kVersion = 1;
constexpr const char* kMeta = "meta.json";

std::string file_name(int64_t step) {
    char name[48];
    std::snprintf(name, sizeof name, "step_%08lld.npz", static_cast<long long>(step));
    return name;
}

// The step in the name of a checkpoint, or -1 for other files.
int64_t step_of(const std::string& name) {
    long long step = -1;
    if (std::sscanf(name.c_str(), "step_%lld.npz", &step) != 1 || name != file_name(step)) return -1;
    return step;
}

// Names of the files in the folder, sorted; empty if the folder does not exist.
std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code reason;
    fs::directory_iterator entry(folder, reason);
    if (reason == std::errc::no_such_file_or_directory) return names;
    for (; !reason && entry != fs::directory_iterator(); entry.increment(reason)) {
        names.push_back(entry->path().filename().string());
    }
    if (reason) fail(ErrorKind::io, folder, ": cannot list the folder: ", reason.message());
    std::sort(names.begin(), names.end());
    return names;
}

// Steps of the checkpoints in the folder, newest first.
std::vector<int64_t> steps_in(const std::string& folder) {
    std::vector<int64_t> steps;
    for (const std::string& name : files_in(folder)) {
        if (step_of(name) >= 0) steps.push_back(step_of(name));
    }
    std::sort(steps.rbegin(), steps.rend());
    return steps;
}

void remove_file(const std::string& path) {
    std::error_code reason;
    fs::remove(path, reason);
    if (reason) fail(ErrorKind::io, path, ": cannot remove: ", reason.message());
}

}  // namespace

void save_checkpoint(const std::string& folder, int64_t step, const NamedArrays& arrays, const Json& meta, int keep) {
    ASTRO_CHECK(step >= 0 && keep >= 1, "save_checkpoint: step ", step, ", keep ", keep);
    create_folders(folder);
    Json description = Json::object();
    description["format"] = kFormat;
    description["version"] = kVersion;
    description["step"] = step;
    description["arrays"] = arrays.size();
    description["meta"] = meta;
    NpzWriter writer(folder + "/" + file_name(step));
    for (const auto& [name, array] : arrays) writer.add(name, array, Compression::stored);
    writer.add_text(kMeta, description.dump() + "\n");
    writer.close();
    write_text_file(folder + "/LATEST", file_name(step) + "\n");

    remove_leftovers(folder);
    int kept = 0;
    for (int64_t other : steps_in(folder)) {
        if (other > step || ++kept > keep) remove_file(folder + "/" + file_name(other));
    }
}

Checkpoint load_checkpoint_file(const std::string& path) {
    NpzReader reader(path);
    if (!reader.has_text(kMeta)) {
        fail(ErrorKind::data, path, ": contains no ", kMeta, ": not a checkpoint of this program");
    }
    Json description = Json::parse(reader.read_text(kMeta), path + ": " + kMeta);
    const Json* format = description.find("format");
    if (format == nullptr || format->kind() != Json::Kind::string || format->as_string() != kFormat ||
        description.at("version").as_integer() != kVersion) {
        fail(ErrorKind::data, path, ": ", kMeta, ": expected format \"", kFormat, "\", version ", kVersion);
    }
    Checkpoint checkpoint;
    checkpoint.path = path;
    checkpoint.step = description.at("step").as_integer();
    checkpoint.meta = description.at("meta");
    auto wanted = to_size(description.at("arrays").as_integer());
    if (wanted != reader.entries().size()) {
        fail(ErrorKind::data, path, ": contains ", reader.entries().size(), " arrays, expected ", wanted);
    }
    for (const NpzEntry& entry : reader.entries()) checkpoint.arrays[entry.key] = reader.read(entry.key);
    return checkpoint;
}

std::optional<Checkpoint> load_checkpoint(const std::string& folder) {
    std::vector<std::string> warnings;
    for (int64_t step : steps_in(folder)) {
        try {
            Checkpoint checkpoint = load_checkpoint_file(folder + "/" + file_name(step));
            if (checkpoint.step != step) {
                fail(ErrorKind::data, checkpoint.path, ": contains step ", checkpoint.step, ", expected ", step);
            }
            checkpoint.warnings = warnings;
            return checkpoint;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::data) throw;
            warnings.push_back(text("damaged checkpoint skipped: ", error.what()));
        }
    }
    if (!warnings.empty()) {
        fail(ErrorKind::data, folder, ": none of the ", warnings.size(), " checkpoints can be read; ", warnings[0]);
    }
    return std::nullopt;
}

}  // namespace astro::data
