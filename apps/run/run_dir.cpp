#include "apps/run/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "apps/run/build_info.h"
#include "data/file.h"
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

data::Json session_json(const Session& session) {
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
        // These files are left by a command that stopped before it wrote the manifest.
        if (name != "lock" && name.find(data::kTemporaryMark) == std::string::npos) return name;
    }
    return "";
}

int lock_folder(const std::string& path) {
    const std::string name = path + "/lock";
    const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) fail(ErrorKind::io, "cannot write run folder ", path, ": ", std::strerror(errno));
    // The system releases the lock whenever the process ends. The file itself remains.
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(file);
        if (error == EWOULDBLOCK) fail(ErrorKind::io, "run folder ", path, " is in use by another astro process");
        fail(ErrorKind::io, "cannot lock run folder ", path, ": ", std::strerror(error));
    }
    return file;
}

}  // namespace

RunFolder::RunFolder(const std::string& path) : path_(path) {
    if (path.empty()) fail(ErrorKind::usage, "no run folder: give --run DIR");
    std::error_code error;
    fs::create_directories(path, error);
    if (error) fail(ErrorKind::io, "cannot create run folder ", path, ": ", error.message());
    if (!fs::is_directory(path)) fail(ErrorKind::io, "run folder ", path, " is a file");
    try {
        const std::string foreign = data::file_exists(file("manifest.json")) ? "" : foreign_entry(path);
        if (!foreign.empty())
            fail(ErrorKind::usage, path, " is not a run folder: it contains ", foreign,
                 " but no manifest.json; choose a new or empty folder");
    } catch (const fs::filesystem_error& failure) {
        fail(ErrorKind::io, "cannot read run folder ", path, ": ", failure.code().message());
    }
    lock_ = lock_folder(path);
    data::remove_leftovers(path);
}

RunFolder::~RunFolder() { ::close(lock_); }

std::string RunFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

std::string RunFolder::checkpoints(const std::string& stage) const {
    const std::string folder = (fs::path(path_) / "checkpoints" / stage).string();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(ErrorKind::io, "cannot create ", folder, ": ", error.message());
    return folder;
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
    manifest["sessions"].push(session_json(session));
    data::write_text_file(path, manifest.dump() + "\n");
    data::write_text_file(file("config.ini"), effective_config);
}

}  // namespace astro::app
