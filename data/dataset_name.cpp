#include "data/dataset_name.h"

#include <sys/stat.h>

#include <algorithm>

#include "data/environment.h"
#include "tensor/base/error.h"

namespace astro::data {

namespace {

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

// The parts of a name. file: the name without task and representation, "antmaze-large-navigate-v0"; empty if the name
// is not of this form. problem: for an error message; empty if there is none.
struct ParsedName {
    std::string file, environment, type, problem;
    int task = 0;
    bool oracle_representation = false;
};

// Parses agent-[size-]type-[singletask-[taskN-]][oraclerep-]vK, like ogbench/utils.py.
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
            parsed.problem = "does not say which task, expected -singletask-task1 to -singletask-task5";
        } else if (after.empty()) {
            parsed.task = agent == "antsoccer" ? 4 : 1;
        } else if (after.size() == 1 && after[0].size() == 5 && after[0].compare(0, 4, "task") == 0 &&
                   after[0][4] >= '1' && after[0][4] <= '5') {
            parsed.task = after[0][4] - '0';
        } else {
            parsed.problem = text("found '", join(after), "' after -singletask-, expected task1 to task5");
        }
    }
    if (words.size() < 2 || std::find(words.begin(), words.end(), "") != words.end()) return parsed;
    parsed.file = join(words) + "-" + version;
    parsed.type = words.back();  // of data: navigate, stitch, ...
    words.pop_back();
    parsed.environment = join(words) + "-" + version;
    return parsed;
}

}  // namespace

std::string environment_part(const std::string& name) {
    const ParsedName parsed = parse_name(name);
    for (const char* type : {"navigate", "stitch", "explore", "play", "noisy"})
        if (parsed.type == type) return parsed.environment;
    return parsed.file.empty() ? name : parsed.file;
}

DatasetName resolve_dataset(const std::string& name_or_path, const std::string& data_folder) {
    bool is_path = name_or_path.find('/') != std::string::npos;
    for (const char* end :
         {".npz", ".hdf5", ".h5", ".parquet", ".csv"})  // other formats are refused when they are read
        is_path = is_path || ends_with(name_or_path, end);
    is_path = is_path || (parse_name(name_or_path).file.empty() && exists(name_or_path));
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
             is_path ? "" : "; hint: put the file there, or set ASTRO_DATA to its folder, or give its path");
    }
    found.val_path = validation_file(found.path);
    return found;
}

std::string validation_name(const std::string& path) { return path.substr(0, path.size() - 4) + "-val.npz"; }

std::string validation_file(const std::string& path) {
    if (!ends_with(path, ".npz") || ends_with(path, "-val.npz")) return "";
    const std::string name = validation_name(path);
    return exists(name) ? name : "";
}

std::string validation_source(const std::string& path) {
    const std::string separate = validation_file(path);
    return separate.empty() ? path : separate;
}

}  // namespace astro::data
