#include "data/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

std::string folder_of(const std::string& path) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

[[noreturn]] void fail_io(const std::string& path, const char* doing, int reason) {
    fail(ErrorKind::io, path, ": cannot ", doing, ": ", std::strerror(reason));
}

// Pipes, devices and sockets cannot be read at arbitrary offsets, and cannot be replaced by renaming a file.
[[noreturn]] void refuse_special(const std::string& path, const char* doing, mode_t mode) {
    fail(ErrorKind::io, path, ": cannot ", doing, ": it is a ",
         S_ISFIFO(mode)   ? "pipe"
         : S_ISSOCK(mode) ? "socket"
                          : "device",
         ", expected a file; hint: save the content to a file first");
}

void read_exactly(int descriptor, const std::string& path, uint64_t offset, void* out, size_t n) {
    char* to = static_cast<char*>(out);
    while (n > 0) {
        ssize_t got = ::pread(descriptor, to, n, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_io(path, "read", errno);
        if (got == 0) fail(ErrorKind::data, path, ": ends at byte ", offset, ": it was truncated while it was read");
        to += got;
        offset += static_cast<uint64_t>(got);
        n -= to_size(got);
    }
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
    // Without O_NONBLOCK, opening a named pipe waits for a writer, possibly forever.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0) fail_io(path, "open", errno);
    struct stat status {};
    int reason = ::fstat(descriptor_, &status) == 0 ? 0 : errno;
    if (reason == 0 && S_ISDIR(status.st_mode)) reason = EISDIR;
    if (reason != 0) {
        ::close(descriptor_);
        fail_io(path, "read", reason);
    }
    if (!S_ISREG(status.st_mode)) {
        ::close(descriptor_);
        refuse_special(path, "read", status.st_mode);
    }
    size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read_at(uint64_t offset, void* out, size_t n) const {
    if (offset > size_ || n > size_ - offset) {
        fail(ErrorKind::data, path_, ": ", n, " bytes wanted at byte ", offset, " but the file has ", size_,
             ": truncated or corrupted");
    }
    read_exactly(descriptor_, path_, offset, out, n);
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), temporary_(text(path, kTemporaryMark, ::getpid())) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) fail_io(path, "write", EISDIR);
        if (!S_ISREG(status.st_mode)) refuse_special(path, "write", status.st_mode);
    }
    on_signal_.emplace([](const void* name) { ::unlink(static_cast<const char*>(name)); }, temporary_.c_str());
    descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail_io(path, "create", errno);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        descriptor_ = -1;
    }
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
        on_signal_.reset();
        temporary_.clear();
    }
}

void AtomicFile::put(uint64_t offset, const void* bytes, size_t n) {
    ASTRO_CHECK(descriptor_ >= 0, path_, ": write after commit or failure");
    const char* from = static_cast<const char*>(bytes);
    while (n > 0) {
        ssize_t done = ::pwrite(descriptor_, from, n, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            int reason = errno;
            discard();  // frees the disk space immediately, even if this object lives on
            fail_io(path_, "write", reason);
        }
        from += done;
        offset += static_cast<uint64_t>(done);
        n -= to_size(done);
    }
}

void AtomicFile::write(const void* bytes, size_t n) {
    put(size_, bytes, n);
    size_ += n;
}

void AtomicFile::write_at(uint64_t offset, const void* bytes, size_t n) {
    ASTRO_CHECK(offset <= size_ && n <= size_ - offset, path_, ": write_at beyond what was written");
    put(offset, bytes, n);
}

void AtomicFile::read_at(uint64_t offset, void* out, size_t n) const {
    ASTRO_CHECK(descriptor_ >= 0 && offset <= size_ && n <= size_ - offset, path_, ": read_at beyond what was written");
    read_exactly(descriptor_, temporary_, offset, out, n);
}

void AtomicFile::commit() {
    ASTRO_CHECK(descriptor_ >= 0, path_, ": commit after commit or failure");
    int reason = ::fsync(descriptor_) == 0 ? 0 : errno;
    if (::close(descriptor_) != 0 && reason == 0) reason = errno;
    descriptor_ = -1;
    if (reason == 0 && std::rename(temporary_.c_str(), path_.c_str()) != 0) reason = errno;
    if (reason != 0) {
        discard();
        fail_io(path_, "write", reason);
    }
    on_signal_.reset();
    temporary_.clear();
    // The rename is on disk when the folder is. Some file systems cannot sync folders; such an error is ignored.
    int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
}

void remove_leftovers(const std::string& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.path().filename().string().find(kTemporaryMark) != std::string::npos) found.push_back(entry.path());
    for (const auto& path : found) std::filesystem::remove(path, error);  // errors are ignored: leftovers are harmless
}

bool file_exists(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

std::string read_text_file(const std::string& path) {
    InputFile file(path);
    std::string content(file.size(), '\0');
    file.read_at(0, content.data(), content.size());
    return content;
}

std::string read_start(const std::string& path, uint64_t bytes) {
    const InputFile file(path);
    std::string start(to_size(std::min(bytes, file.size())), '\0');
    file.read_at(0, start.data(), start.size());
    return start;
}

void write_text_file(const std::string& path, std::string_view content) {
    AtomicFile file(path);
    file.write(content.data(), content.size());
    file.commit();
}

void create_folders(const std::string& path) {
    std::error_code reason;
    std::filesystem::create_directories(path, reason);
    if (reason) fail(ErrorKind::io, path, ": cannot create the folder: ", reason.message());
}

}  // namespace astro::data
