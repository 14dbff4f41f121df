// Zip archives over zlib's inflate, deflate and crc32 (PKWARE APPNOTE 6.3.10): stored and deflated members, Zip64.
//
// Goals: an archive is read by its central directory alone (local headers only say where the data begin,
// their sizes are not to be trusted: NumPy writes 0xFFFFFFFF there); every number is checked against the file
// before memory is asked for; the same input gives the same bytes on any machine and with any number of
// threads. Non-goals: encryption, several disks, other methods, junk before the archive (NumPy refuses it as
// well). A member that is encrypted, packed by another method or inconsistent in itself is listed, and refused only when
// it is read: nobody may need it. Names are only compared, never used as paths; messages show them as printable().
// Errors: Error(data) naming path, member and byte offset; Error(io) from the file system.
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
    std::string problem;  // why the member cannot be read; empty: it can
    bool deflated = false;
    uint64_t size = 0;             // bytes once read
    uint64_t compressed_size = 0;  // bytes in the archive
    uint32_t crc = 0;              // of the bytes once read
    uint64_t header_offset = 0;    // of the local header
    uint64_t data_offset = 0;
};

// CRC-32 of a whole file, as zip and gzip compute it.
uint32_t file_crc32(const std::string& path);

class ZipReader {
  public:
    explicit ZipReader(const std::string& path);

    const std::string& path() const { return file_.path(); }
    const InputFile& file() const { return file_; }
    const std::vector<ZipMember>& members() const { return members_; }  // in directory order

    std::string read(const ZipMember& member) const;  // the whole member; its CRC is checked

    // True when both members were compressed to the same bytes, and so hold the same; nothing is inflated.
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

// Reads one member from its first byte on. Streams of one reader may run in different threads.
class ZipStream {
  public:
    ZipStream(const ZipReader& reader, const ZipMember& member);
    ~ZipStream();

    void read(void* out, uint64_t n);  // exactly n more bytes
    void finish();                     // after the last byte: checks size, end of the compressed data and CRC

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Writes members one after another; nothing stands at `path` before close(). A deflated member is cut into
// blocks of fixed size, each compressed by itself with the 32 KiB before it as dictionary, so that threads
// share them. Blocks in which deflate's search for repetitions gains nothing (noise in floats) are only Huffman coded.
class ZipWriter {
  public:
    struct Piece {
        const void* data;
        uint64_t size;
    };

    // pool: threads to compress with, or null. zip64_from: sizes and offsets from here on are written in
    // Zip64 fields (tests lower it; larger values than the default cannot be written at all).
    explicit ZipWriter(const std::string& path, ThreadPool* pool = nullptr, uint64_t zip64_from = 0xFFFFFFFFu);

    // Adds a member made of the pieces one after another.
    void add(const std::string& name, const std::vector<Piece>& pieces, bool compress);
    // Adds a member with the content of the one named `first`, whose compressed bytes are copied: the same file as by
    // add(), sooner.
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
