#include "apps/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "apps/build_info.h"
#include "apps/json_object.h"
#include "tensor/base/error.h"

namespace astro::app {
namespace {

namespace fs = std::filesystem;

// The manifest is written here alone, one session a line between these two, so that appending needs no
// reader.
constexpr const char* kManifestHead = "{\"format\": \"astro run\", \"version\": 1, \"sessions\": [\n";
constexpr const char* kManifestTail = "\n]}\n";

std::string time_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts = {};
    gmtime_r(&now, &parts);
    char buffer[32];
    std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return buffer;
}

std::string session_json(const Session& session) {
    const BuildInfo info = build_info();
    std::vector<std::string> arguments, datasets;
    for (const std::string& word : session.arguments) arguments.push_back(json_text(word));
    for (const DatasetIdentity& data : session.datasets)
        datasets.push_back(JsonObject()
                               .add("path", data.path)
                               .add("bytes", data.bytes)
                               .add("crc32", static_cast<int64_t>(data.crc32))
                               .text());
    JsonObject json;
    json.add("started", time_now()).add("command", session.command);
    json.add_raw("arguments", json_list(arguments));
    json.add("git", info.git_id).add("compiler", info.compiler).add("flags", info.flags);
    json.add("isa", info.isa).add("system", info.system).add("device", info.device);
    json.add("threads", session.threads).add("chunks", session.chunks).add("seed", session.seed);
    json.add_raw("resumed_step", session.resumed_step < 0 ? "null" : std::to_string(session.resumed_step));
    json.add_raw("datasets", json_list(datasets));
    return json.text();
}

bool ends_with(const std::string& words, const std::string& end) {
    return words.size() >= end.size() && words.compare(words.size() - end.size(), end.size(), end) == 0;
}

// What is in the way of using a folder that has no manifest; "" when nothing is.
std::string foreign_entry(const std::string& path) {
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
        const std::string name = entry.path().filename().string();
        // Left by a command that stopped before its manifest was written.
        if (name != "lock" && name != "manifest.json.tmp") return name;
    }
    return "";
}

int lock_folder(const std::string& path) {
    const std::string name = path + "/lock";
    const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) fail(ErrorKind::io, "cannot write run folder ", path, ": ", std::strerror(errno));
    // The system drops the lock when the process ends, however it ends; the file itself stays.
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(file);
        if (error == EWOULDBLOCK)
            fail(ErrorKind::io, "run folder ", path, " is in use by another astro process");
        fail(ErrorKind::io, "cannot lock run folder ", path, ": ", std::strerror(error));
    }
    return file;
}

// Makes the rename itself durable; a file system that cannot sync a folder is left as it is.
void sync_folder(const std::string& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
}

bool write_all(int file, const std::string& content) {
    size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::write(file, content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        done += static_cast<size_t>(n);
    }
    return ::fsync(file) == 0;
}

}  // namespace

bool file_exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

std::string read_file(const std::string& path) {
    if (std::error_code ignored; fs::is_directory(path, ignored))
        fail(ErrorKind::io, "cannot read ", path, ": it is a folder");
    std::ifstream file(path, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) fail(ErrorKind::io, "cannot read ", path, ": ", std::strerror(errno));
    return content;
}

void write_file_atomically(const std::string& path, const std::string& content) {
    const std::string temporary = path + ".tmp";
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) fail(ErrorKind::io, "cannot write ", path, ": ", std::strerror(errno));
    const bool written = write_all(file, content);
    int error = errno;
    const bool closed = ::close(file) == 0;
    if (written && !closed) error = errno;
    if (!written || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) {
        if (written && closed) error = errno;
        ::unlink(temporary.c_str());
        fail(ErrorKind::io, "cannot write ", path, ": ", std::strerror(error));
    }
    const std::string folder = fs::path(path).parent_path().string();
    sync_folder(folder.empty() ? "." : folder);
}

RunFolder::RunFolder(const std::string& path) : path_(path) {
    if (path.empty()) fail(ErrorKind::usage, "no run folder: give --run DIR");
    std::error_code error;
    fs::create_directories(path, error);
    if (error) fail(ErrorKind::io, "cannot make run folder ", path, ": ", error.message());
    if (!fs::is_directory(path)) fail(ErrorKind::io, "run folder ", path, " is a file");
    try {
        const std::string foreign = file_exists(file("manifest.json")) ? "" : foreign_entry(path);
        if (!foreign.empty())
            fail(ErrorKind::usage, path, " is not a run folder: it holds ", foreign,
                 " but no manifest.json; choose a new or empty folder");
    } catch (const fs::filesystem_error& failure) {
        fail(ErrorKind::io, "cannot read run folder ", path, ": ", failure.code().message());
    }
    lock_ = lock_folder(path);
}

RunFolder::~RunFolder() { ::close(lock_); }

std::string RunFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

std::string RunFolder::checkpoints(const std::string& stage) const {
    const std::string folder = (fs::path(path_) / "checkpoints" / stage).string();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(ErrorKind::io, "cannot make ", folder, ": ", error.message());
    return folder;
}

void RunFolder::record_session(const Session& session, const std::string& effective_config) {
    const std::string path = file("manifest.json");
    std::string manifest = kManifestHead + session_json(session) + kManifestTail;
    if (file_exists(path)) {
        const std::string before = read_file(path);
        const std::string head = kManifestHead, tail = kManifestTail;
        if (before.compare(0, head.size(), head) != 0 || !ends_with(before, tail))
            fail(ErrorKind::data, path,
                 " is damaged or of another version: expected a manifest of astro run, version 1");
        manifest = before.substr(0, before.size() - tail.size()) + ",\n" + session_json(session) + tail;
    }
    write_file_atomically(path, manifest);
    write_file_atomically(file("config.ini"), effective_config);
}

}  // namespace astro::app
