// Files: reads at any offset, and atomic writes.
//
// A file that exists under its final name is complete. Data are written to a temporary file in the same folder, which
// is renamed when all data are on disk. After a failure or a signal the temporary file is removed. Errors: Error(io)
// with the path and the system's reason; Error(data) for a read beyond the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/base/cleanup.h"

namespace astro::data {

class InputFile {
  public:
    explicit InputFile(const std::string& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }

    // Reads exactly n bytes. Thread-safe.
    void read_at(uint64_t offset, void* out, size_t n) const;

  private:
    std::string path_;
    int descriptor_ = -1;
    uint64_t size_ = 0;
};

class AtomicFile {
  public:
    explicit AtomicFile(const std::string& path);
    ~AtomicFile();  // without commit(): removes the temporary file and leaves an existing file at path unchanged
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }
    void write(const void* bytes, size_t n);                      // at the end
    void write_at(uint64_t offset, const void* bytes, size_t n);  // overwrites bytes that were written before
    void read_at(uint64_t offset, void* out, size_t n) const;     // reads bytes that were written before
    void commit();                                                // fsync, rename, fsync of the folder

  private:
    void put(uint64_t offset, const void* bytes, size_t n);
    void discard();

    std::string path_, temporary_;
    std::optional<Cleanup> on_signal_;  // removes the temporary file
    int descriptor_ = -1;
    uint64_t size_ = 0;
};

// Part of the name of every temporary file. A killed process leaves such files behind. remove_leftovers deletes them;
// no other process may be writing to the folder.
inline constexpr std::string_view kTemporaryMark = ".partial-";
void remove_leftovers(const std::string& folder);

bool file_exists(const std::string& path);
std::string read_text_file(const std::string& path);
std::string read_start(const std::string& path, uint64_t bytes);  // the first bytes; fewer if the file is shorter
void write_text_file(const std::string& path, std::string_view content);  // all or nothing
// Removes a byte order mark, which some programs write at the beginning of a text.
inline std::string without_byte_order_mark(std::string text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    return text.compare(0, kMark.size(), kMark) == 0 ? text.substr(kMark.size()) : text;
}

// Creates a folder and its parents, unless they exist.
void create_folders(const std::string& path);

}  // namespace astro::data
