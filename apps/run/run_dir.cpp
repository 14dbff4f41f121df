#include "apps/run/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iterator>

#include "apps/run/build_info.h"
#include "apps/run/signals.h"
#include "data/file.h"
#include "data/zip.h"
#include "tensor/base/error.h"

namespace astro::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifestFormat = "astro run 1";

std::string time_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts = {};
    gmtime_r(&now, &parts);
    char buffer[32];
    std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return buffer;
}

// The path of a file as seen from a folder, so that it remains valid if both are moved together.
std::string path_from(const std::string& folder, const std::string& path) {
    std::error_code error;
    const fs::path from = fs::weakly_canonical(folder, error), to = fs::weakly_canonical(path, error);
    return error ? path : to.lexically_relative(from).string();
}

data::Json session_json(const Session& session, const std::string& folder) {
    data::Json json = data::Json::object();
    json["started"] = time_now();
    json["command"] = session.command;
    json["arguments"] = session.arguments;
    add_build(json, build_info());
    json["device"] = session.device;
    json["threads"] = session.threads;
    json["chunks"] = session.chunks;
    json["seed"] = session.seed;
    json["resumed"] = session.resumed;
    json["datasets"] = data::Json::array();
    for (const DatasetIdentity& identity : session.datasets) {
        data::Json dataset = data::Json::object();
        dataset["path"] = identity.path;
        dataset["path_from_run"] = path_from(folder, identity.path);
        dataset["bytes"] = identity.bytes;
        dataset["crc32"] = identity.crc32;
        json["datasets"].push(dataset);
    }
    return json;
}

// For a folder without a manifest: a file that does not belong to a run folder, or "" if there is none.
std::string foreign_entry(const std::string& path) {
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
        const std::string name = entry.path().filename().string();
        // A command that stopped before it wrote the manifest may leave a lock, temporary files and generated data.
        if (name != "lock" && name != "data" && name.find(data::kTemporaryMark) == std::string::npos) return name;
    }
    return "";
}

// Whether flock failed because the file system or the system does not support locks.
bool without_locks(int error) {
    return error == ENOSYS || error == ENOLCK || error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL;
}

}  // namespace

RunFolder::RunFolder(const std::string& path, Access access) : path_(path) {
    if (path.empty()) fail(ErrorKind::usage, "no run folder: give --run DIR");
    if (access == Access::read) {
        if (!data::file_exists(file("manifest.json")))
            fail(ErrorKind::usage, path,
                 " is not a run folder: it contains no manifest.json; hint: --run DIR names the "
                 "folder of a run");
        return;
    }
    create();
    try {
        lock();
    } catch (...) {
        for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) ::rmdir(folder->c_str());
        throw;
    }
    data::remove_leftovers(path);
    hint_at_resume();
}

void RunFolder::create() {
    std::error_code error;
    for (fs::path part = path_; !part.empty() && !fs::exists(part, error); part = part.parent_path())
        created_.insert(created_.begin(), part.string());
    fs::create_directories(path_, error);
    if (error) fail(ErrorKind::io, "cannot create run folder ", path_, ": ", error.message());
    if (!fs::is_directory(path_)) fail(ErrorKind::io, "run folder ", path_, " is a file");
    try {
        const std::string foreign = data::file_exists(file("manifest.json")) ? "" : foreign_entry(path_);
        if (!foreign.empty())
            fail(ErrorKind::usage, path_, " is not a run folder: it contains ", foreign,
                 " but no manifest.json; choose a new or empty folder");
    } catch (const fs::filesystem_error& failure) {
        fail(ErrorKind::io, "cannot read run folder ", path_, ": ", failure.code().message());
    }
}

void RunFolder::lock() {
    lock_ = ::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0) fail(ErrorKind::io, "cannot write run folder ", path_, ": ", std::strerror(errno));
    // The system releases the lock whenever the process ends. The file itself remains.
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
    const int error = errno;
    if (without_locks(error)) {
        lock_problem_ = text("run folder ", path_, " cannot be locked (", std::strerror(error),
                             "): make sure that no other process uses it");
        return;
    }
    ::close(lock_);
    if (error == EWOULDBLOCK) fail(ErrorKind::io, "run folder ", path_, " is in use by another astro process");
    fail(ErrorKind::io, "cannot lock run folder ", path_, ": ", std::strerror(error));
}

RunFolder::~RunFolder() {
    if (lock_ < 0) return;
    std::error_code ignored;
    const bool unused = !created_.empty() && std::distance(fs::directory_iterator(path_, ignored), {}) == 1;
    if (unused) fs::remove(file("lock"), ignored);
    ::close(lock_);
    if (!unused) return;
    for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) ::rmdir(folder->c_str());
}

std::string RunFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

std::string RunFolder::checkpoints(const std::string& stage) const {
    return (fs::path(path_) / "checkpoints" / stage).string();
}

std::vector<DatasetIdentity> recorded_datasets(const std::string& run) {
    const std::string manifest = (fs::path(run) / "manifest.json").string();
    if (run.empty() || !data::file_exists(manifest)) return {};
    const data::Json content = data::Json::parse(data::read_text_file(manifest), manifest);
    const data::Json* sessions = content.find("sessions");
    if (!sessions || sessions->kind() != data::Json::Kind::array || sessions->elements().empty()) return {};
    const data::Json* datasets = sessions->elements().back().find("datasets");
    if (!datasets || datasets->kind() != data::Json::Kind::array) return {};
    std::vector<DatasetIdentity> found;
    for (const data::Json& dataset : datasets->elements()) {
        const data::Json *path = dataset.find("path"), *relative = dataset.find("path_from_run"),
                         *bytes = dataset.find("bytes"), *crc = dataset.find("crc32");
        if (!path || !relative || !bytes || !crc) return {};
        found.push_back(
            {path->as_string(), bytes->as_integer(), static_cast<uint32_t>(crc->as_integer()), relative->as_string()});
    }
    return found;
}

std::optional<std::string> find_moved_dataset(const std::string& run, const std::string& path) {
    if (data::file_exists(path)) return std::nullopt;
    for (const DatasetIdentity& then : recorded_datasets(run)) {
        if (then.path != path) continue;
        const std::string now = (fs::path(run) / then.path_from_run).lexically_normal().string();
        if (data::file_exists(now) && then.crc32 == data::file_crc32(now)) return now;
    }
    return std::nullopt;
}

void RunFolder::record_session(const Session& session, const std::string& effective_config) {
    const std::string path = file("manifest.json");
    data::Json manifest = data::Json::object();
    if (data::file_exists(path)) {
        manifest = data::Json::parse(data::read_text_file(path), path);
        const data::Json* format = manifest.find("format");
        if (!format || format->kind() != data::Json::Kind::string || format->as_string() != kManifestFormat)
            fail(ErrorKind::data, path, ": expected the manifest of a run, with \"format\": \"", kManifestFormat, "\"");
    } else {
        manifest["format"] = kManifestFormat;
        manifest["sessions"] = data::Json::array();
    }
    manifest["sessions"].push(session_json(session, path_));
    data::write_text_file(path, manifest.dump() + "\n");
    data::write_text_file(file("config.ini"), effective_config);
}

}  // namespace astro::app
