// NumPy's .npz: a zip archive whose members KEY.npy are arrays. Other members (meta.json) are texts to us.
//
// Opening reads the directory and every array's header, no data. A key that occurs twice means its last member, as in
// NumPy, with a warning. Arrays of unsupported dtype and members that cannot be read are listed and can be left alone;
// reading one is refused. What macOS adds to archives (__MACOSX/, ._NAME) is passed over, with a warning. Errors:
// Error(data) naming path and member, Error(io) from the file system; NpzWriter leaves nothing half-written.
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
    std::string problem;  // why it cannot be read (the header is empty then); empty: it can
    size_t member = 0;    // index into the archive's members
};

// Bytes that a large array may unpack to for each byte in the file. Recorded motion gives 1 to 10; a few kilobytes of
// packed zeros, which give 1000, would otherwise fill the memory of any machine.
inline constexpr double kUnpackRatio = 100;
inline constexpr const char* kUnpackMeaning =
    "most bytes that an array above 256 MiB may unpack to, for each byte in the file";
// Arrays up to this size are read at any ratio.
inline constexpr uint64_t kUnpackFreely = 256 << 20;

class NpzReader {
  public:
    // unpack_ratio: the most that an array above kUnpackFreely bytes may unpack to, for each byte in the file.
    explicit NpzReader(const std::string& path, double unpack_ratio = kUnpackRatio);

    const std::string& path() const { return zip_.path(); }
    const std::vector<NpzEntry>& entries() const { return entries_; }
    const std::vector<std::string>& warnings() const { return warnings_; }

    const NpzEntry* find(std::string_view key) const;  // null when absent
    const NpzEntry& entry(
        std::string_view key) const;  // Error(data) when it cannot be read, or absent (lists the keys)
    bool compressed(const NpzEntry& entry) const { return zip_.members()[entry.member].deflated; }

    // Bytes in the archive, and whether two arrays are stored as the same bytes there, and so are the same: cheap.
    uint64_t compressed_size(const NpzEntry& entry) const { return zip_.members()[entry.member].compressed_size; }
    bool same_bytes(const NpzEntry& a, const NpzEntry& b) const {
        return zip_.same_bytes(zip_.members()[a.member], zip_.members()[b.member]);
    }

    // Error(data) where the entry unpacks to more than its packed size and unpack_ratio allow. Reading asks this, too.
    void check_size(const NpzEntry& entry) const;

    // One array, checked against its CRC. Several threads may read at once.
    NpyArray read(std::string_view key) const;

    // The same as T: straight into the result where the file holds T (or bool, for uint8_t: 0 and 1), else by
    // NpyArray::to (float, double, int64_t, uint8_t).
    template <class T>
    std::vector<T> read_as(std::string_view key) const;

    bool has_text(std::string_view name) const;
    std::string read_text(std::string_view name) const;  // a member that is not an array

    // The keys for a message, cut after twenty.
    std::string keys() const;
    // "path: array 'key'", the beginning of every message about an array.
    std::string where(std::string_view key) const;

  private:
    const ZipMember* find_member(std::string_view name) const;

    ZipReader zip_;
    double unpack_ratio_;
    std::vector<NpzEntry> entries_;
    std::vector<std::string> warnings_;
};

// Error(io) where the machine has less memory than this.
void check_memory(uint64_t bytes, const std::string& where);

enum class Compression { stored, deflated };

class NpzWriter {
  public:
    explicit NpzWriter(const std::string& path, ThreadPool* pool = nullptr) : zip_(path, pool) {}

    void add(const std::string& key, const NpyArray& array, Compression compression);
    // data: C order, as many elements as shape says.
    void add(const std::string& key, NpyType type, const std::vector<int64_t>& shape, const void* data,
             Compression compression);
    // The array of the key `first`, added before, once more: the same file as by add(), sooner.
    void add_again(const std::string& key, const std::string& first);
    void add_text(const std::string& name, std::string_view content);

    void close() { zip_.close(); }  // without it, nothing is written

  private:
    ZipWriter zip_;
};

}  // namespace astro::data
