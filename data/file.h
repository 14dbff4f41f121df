// Files: reading at any offset, and writing that is all or nothing.
//
// Goals: a file that a reader can see under its name is complete. A write goes to a temporary file in the
// same folder and takes its name only when everything is on disk; on any failure the temporary file is
// removed. Errors: Error(io) with the path and the system's reason; a read beyond the end is Error(data).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace astro::data {

class InputFile {
  public:
    explicit InputFile(const std::string& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }

    // Exactly n bytes from offset on. Safe to call from several threads.
    void read_at(uint64_t offset, void* out, size_t n) const;

  private:
    std::string path_;
    int descriptor_ = -1;
    uint64_t size_ = 0;
};

class AtomicFile {
  public:
    explicit AtomicFile(const std::string& path);
    ~AtomicFile();  // without commit(): the temporary file goes, what stood at path stays
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }
    void write(const void* bytes, size_t n);                      // at the end
    void write_at(uint64_t offset, const void* bytes, size_t n);  // over bytes written before
    void read_at(uint64_t offset, void* out, size_t n) const;     // bytes written before
    void commit();                                                // fsync, rename, fsync of the folder

  private:
    void put(uint64_t offset, const void* bytes, size_t n);
    void discard();

    std::string path_, temporary_;
    int descriptor_ = -1;
    uint64_t size_ = 0;
};

// What marks a temporary file's name. A process that is killed leaves such files: whoever has a folder to itself may
// remove them.
inline constexpr std::string_view kTemporaryMark = ".partial-";
void remove_leftovers(const std::string& folder);

bool file_exists(const std::string& path);
std::string read_text_file(const std::string& path);
void write_text_file(const std::string& path, std::string_view content);  // all or nothing

// Creates a folder and its parents where they do not exist.
void create_folders(const std::string& path);

}  // namespace astro::data
