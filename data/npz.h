// NumPy's .npz format: a zip archive whose members KEY.npy are arrays. Other members, such as meta.json, are text.
//
// The constructor of NpzReader reads the directory and the header of each array, but no data. If a key occurs several
// times, the last member is used, as in NumPy, and there is a warning. Arrays with an unsupported dtype and unreadable
// members are listed; only an attempt to read one is an error. Files that macOS adds to archives (__MACOSX/, ._NAME)
// are ignored with a warning. Errors: Error(data) with path and member; Error(io) from the file system. NpzWriter
// writes atomically (AtomicFile).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/npy.h"
#include "data/zip.h"

namespace astro::data {

struct NpzEntry {
    std::string key;  // member name without ".npy"; may contain '/'
    NpyHeader header;
    std::string problem;  // why the array cannot be read, in which case the header is empty; empty: no problem
    size_t member = 0;    // index into ZipReader::members()
};

// Largest compression ratio of a large array: unpacked bytes per byte in the file. Recorded motion has ratios of 1 to
// 10. The limit protects against decompression bombs: a file of zeros has a ratio of 1000 and could fill the memory.
inline constexpr double kUnpackRatio = 100;
inline constexpr const char* kUnpackMeaning =
    "maximum compression ratio of arrays above 256 MiB: unpacked bytes per byte in the file";
// Arrays up to this unpacked size (bytes) are read at any ratio.
inline constexpr uint64_t kUnpackFreely = 256 << 20;

class NpzReader {
  public:
    // unpack_ratio: largest compression ratio of arrays above kUnpackFreely bytes.
    explicit NpzReader(const std::string& path, double unpack_ratio = kUnpackRatio);

    const std::string& path() const { return zip_.path(); }
    const std::vector<NpzEntry>& entries() const { return entries_; }
    const std::vector<std::string>& warnings() const { return warnings_; }

    const NpzEntry* find(std::string_view key) const;  // nullptr if absent
    // Error(data) if the array cannot be read, or is absent; the message then lists the keys.
    const NpzEntry& entry(std::string_view key) const;
    bool compressed(const NpzEntry& entry) const { return zip_.members()[entry.member].deflated; }

    // Size in the archive, in bytes.
    uint64_t compressed_size(const NpzEntry& entry) const { return zip_.members()[entry.member].compressed_size; }
    // True if two arrays are stored as the same bytes, and are therefore equal. Nothing is decompressed.
    bool same_bytes(const NpzEntry& a, const NpzEntry& b) const {
        return zip_.same_bytes(zip_.members()[a.member], zip_.members()[b.member]);
    }

    // Error(data) if the entry is too large for its compressed size (unpack_ratio), Error(io) if it does not fit into
    // memory. The functions that read an array call this first.
    void check_size(const NpzEntry& entry) const;

    // Reads one array and checks its CRC. Thread-safe.
    NpyArray read(std::string_view key) const;

    // Reads one array as T (float, double, int64_t, uint8_t). There is no copy if the file contains T in native order,
    // or bool for uint8_t; otherwise the elements are converted by NpyArray::to.
    template <class T>
    std::vector<T> read_as(std::string_view key) const;

    // Reads an array of 0 and 1 of any type. Error(data) with the first row that has another value.
    std::vector<uint8_t> read_flags(std::string_view key) const;

    bool has_text(std::string_view name) const;
    std::string read_text(std::string_view name) const;  // a member that is not an array

    // List of at most 20 keys for error messages.
    std::string keys() const;
    // "path: array 'key'": the beginning of error messages about an array.
    std::string where(std::string_view key) const;

  private:
    const ZipMember* find_member(std::string_view name) const;

    ZipReader zip_;
    double unpack_ratio_;
    std::vector<NpzEntry> entries_;
    std::vector<std::string> warnings_;
};

// Error(io) if the machine has less physical memory than this.
void check_memory(uint64_t bytes, const std::string& where);

enum class Compression { stored, deflated };

class NpzWriter {
  public:
    explicit NpzWriter(const std::string& path, ThreadPool* pool = nullptr) : zip_(path, pool) {}

    void add(const std::string& key, const NpyArray& array, Compression compression);
    // data: elements in C order; their number is the product of shape.
    void add(const std::string& key, NpyType type, const std::vector<int64_t>& shape, const void* data,
             Compression compression);
    // Adds the array that was added as `first` again under another key. The file is the same as with add(), but nothing
    // is compressed again.
    void add_again(const std::string& key, const std::string& first);
    void add_text(const std::string& name, std::string_view content);

    void close() { zip_.close(); }  // without this call there is no file

  private:
    ZipWriter zip_;
};

}  // namespace astro::data
