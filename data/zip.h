// Zip archives (PKWARE APPNOTE 6.3.10): stored and deflated members, Zip64. Uses zlib's inflate, deflate and crc32.
//
// The reader uses the sizes in the central directory. Local headers only give the offsets of the data; the sizes in
// them are not reliable, because NumPy writes 0xFFFFFFFF there. All sizes and offsets are checked against the file
// before memory is allocated. A member that is encrypted, inconsistent or compressed by another method is listed, and
// is an error only when it is read, because the caller may not need it. Names are compared, but never used as paths,
// and are escaped with printable() in messages. The writer produces the same bytes on every machine and for every
// number of threads. Not supported: encryption, several disks, other compression methods, data before the archive
// (which NumPy rejects as well). Errors: Error(data) with path, member and byte offset; Error(io) from the file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/file.h"
#include "tensor/base/threads.h"

namespace astro::data {

struct ZipMember {
    std::string name;
    std::string problem;  // why the member cannot be read; empty: no problem
    bool deflated = false;
    uint64_t size = 0;             // uncompressed size in bytes
    uint64_t compressed_size = 0;  // size in the archive in bytes
    uint32_t crc = 0;              // CRC-32 of the uncompressed bytes
    uint64_t header_offset = 0;    // of the local header in the archive
    uint64_t data_offset = 0;      // of the compressed data in the archive
};

// CRC-32 of a whole file, as computed by zip and gzip.
uint32_t file_crc32(const std::string& path);

class ZipReader {
  public:
    explicit ZipReader(const std::string& path);

    const std::string& path() const { return file_.path(); }
    const InputFile& file() const { return file_; }
    const std::vector<ZipMember>& members() const { return members_; }  // in directory order

    std::string read(const ZipMember& member) const;  // the whole member; checks its CRC

    // True if both members have the same compressed bytes, and therefore equal contents. Nothing is decompressed.
    bool same_bytes(const ZipMember& a, const ZipMember& b) const;

  private:
    struct Directory {
        uint64_t offset = 0, size = 0, count = 0;
    };
    Directory find_directory() const;
    void read_directory(const Directory& directory);
    void read_local_headers(uint64_t directory_offset);

    InputFile file_;
    std::vector<ZipMember> members_;
};

// Reads one member sequentially. Streams of one reader may be used in different threads.
class ZipStream {
  public:
    ZipStream(const ZipReader& reader, const ZipMember& member);
    ~ZipStream();

    void read(void* out, uint64_t n);  // reads exactly the next n bytes
    void finish();                     // after the last byte: checks size, end of the compressed data, and CRC

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Writes an archive; the file appears at `path` when close() is called. A deflated member is divided into blocks of
// fixed size, which threads compress in parallel; each uses the preceding 32 KiB as its dictionary. A block in which
// deflate's search for repetitions does not help, such as noise in floats, is only Huffman coded.
class ZipWriter {
  public:
    struct Piece {
        const void* data;
        uint64_t size;
    };

    // pool: threads for compression, or null. zip64_from: sizes and offsets of at least this value are written in Zip64
    // fields. Tests use a smaller value; larger values than the default are not representable without Zip64.
    explicit ZipWriter(const std::string& path, ThreadPool* pool = nullptr, uint64_t zip64_from = 0xFFFFFFFFu);

    // Adds a member whose content is the concatenation of the pieces.
    void add(const std::string& name, const std::vector<Piece>& pieces, bool compress);
    // Adds a member with the content of the member `first`. Copies its compressed bytes, so the file is the same as
    // with add(), but nothing is compressed again.
    void add_again(const std::string& name, const std::string& first);
    void close();

  private:
    void begin(ZipMember& member);
    void end(ZipMember& member);
    std::string local_header(const ZipMember& member) const;
    void write_stored(const std::vector<Piece>& pieces, ZipMember& member);
    void write_deflated(const std::vector<Piece>& pieces, ZipMember& member);
    void write_directory();

    AtomicFile file_;
    ThreadPool* pool_;
    uint64_t zip64_from_;
    std::vector<ZipMember> members_;
};

}  // namespace astro::data
