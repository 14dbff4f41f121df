#include "data/zip.h"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tensor/base/error.h"
#include "tensor/base/printable.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50, kLocatorSignature = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr uint32_t kFull32 = 0xFFFFFFFFu;
constexpr uint32_t kFull16 = 0xFFFFu;
constexpr uint32_t kEncryptedFlags = 1u << 0 | 1u << 6 | 1u << 13;
constexpr uint32_t kPatchFlag = 1u << 5;
constexpr uint64_t kLargestRatio = 1032;   // largest compression ratio of deflate (zlib's technical notes)
constexpr size_t kInputBuffer = 64 << 10;  // bytes
constexpr uint64_t kPiece = 256 << 10;     // bytes that are read before the checksum is updated

uint64_t little(const uint8_t* p, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | p[i];
    return value;
}
uint32_t u16(const uint8_t* p) { return static_cast<uint32_t>(little(p, 2)); }
uint32_t u32(const uint8_t* p) { return static_cast<uint32_t>(little(p, 4)); }
uint64_t u64(const uint8_t* p) { return little(p, 8); }

// Reads the Zip64 extra field (id 1). It has a 64-bit value for each of the three 32-bit fields that is 0xFFFFFFFF, in
// this order.
void apply_zip64(const uint8_t* extra, size_t n, ZipMember& member, const std::string& where) {
    for (size_t at = 0; at + 4 <= n;) {
        uint32_t id = u16(extra + at);
        size_t length = u16(extra + at + 2);
        if (length > n - at - 4) fail(ErrorKind::data, where, ": an extra field exceeds the space for extra fields");
        const uint8_t* value = extra + at + 4;
        at += 4 + length;
        if (id != 1) continue;
        for (uint64_t* field : {&member.size, &member.compressed_size, &member.header_offset}) {
            if (*field != kFull32) continue;
            if (length < 8) fail(ErrorKind::data, where, ": the Zip64 extra field is too short");
            *field = u64(value);
            value += 8;
            length -= 8;
        }
        return;
    }
}

}  // namespace

ZipReader::ZipReader(const std::string& path) : file_(path) {
    Directory directory = find_directory();
    read_directory(directory);
    read_local_headers(directory.offset);
}

ZipReader::Directory ZipReader::find_directory() const {
    uint64_t size = file_.size();
    std::vector<uint8_t> tail(to_size(std::min<uint64_t>(size, kEndSize + kFull16)));
    file_.read_at(size - tail.size(), tail.data(), tail.size());
    // A comment may contain the signature, too. The end record is the last signature whose comment ends exactly at the
    // end of the file.
    size_t at = tail.size();
    bool found = false;
    for (size_t i = tail.size() < kEndSize ? 0 : tail.size() - kEndSize + 1; i-- > 0 && !found;) {
        found = u32(&tail[i]) == kEndSignature && i + kEndSize + u16(&tail[i + 20]) == tail.size();
        at = i;
    }
    if (!found) {
        fail(ErrorKind::data, path(), ": no end-of-archive record in ", size,
             " bytes: not a zip or npz file, or truncated");
    }
    const uint8_t* end = &tail[at];
    uint64_t end_offset = size - tail.size() + at;
    if ((u16(end + 4) != 0 && u16(end + 4) != kFull16) || (u16(end + 6) != 0 && u16(end + 6) != kFull16)) {
        fail(ErrorKind::data, path(), ": archive on several disks at byte ", end_offset, ": not supported");
    }
    Directory directory{u32(end + 16), u32(end + 12), u16(end + 10)};
    uint64_t count_here = u16(end + 8);
    uint64_t directory_end = end_offset;

    uint8_t locator[kLocatorSize];
    bool zip64 = false;
    if (end_offset >= kLocatorSize) {
        file_.read_at(end_offset - kLocatorSize, locator, kLocatorSize);
        zip64 = u32(locator) == kLocatorSignature;
    }
    if (zip64) {
        uint64_t offset = u64(locator + 8);
        uint8_t record[kEnd64Size];
        if (end_offset < kLocatorSize + kEnd64Size || offset > end_offset - kLocatorSize - kEnd64Size) {
            fail(ErrorKind::data, path(), ": the Zip64 end record is declared at byte ", offset, ", beyond byte ",
                 end_offset);
        }
        file_.read_at(offset, record, kEnd64Size);
        if (u32(record) != kEnd64Signature || u64(record + 4) != end_offset - kLocatorSize - offset - 12) {
            fail(ErrorKind::data, path(), ": no Zip64 end record of the right size at byte ", offset);
        }
        if (u32(record + 16) != 0 || u32(record + 20) != 0 || u32(locator + 16) > 1) {
            fail(ErrorKind::data, path(), ": archive on several disks at byte ", offset, ": not supported");
        }
        directory = {u64(record + 48), u64(record + 40), u64(record + 32)};
        count_here = u64(record + 24);
        directory_end = offset;
    }
    if (count_here != directory.count) {
        fail(ErrorKind::data, path(), ": end record declares ", count_here, " and ", directory.count, " members");
    }
    if (directory.size > directory_end || directory.offset > directory_end - directory.size) {
        fail(ErrorKind::data, path(), ": central directory of ", directory.size, " bytes at byte ", directory.offset,
             " extends beyond byte ", directory_end);
    }
    if (uint64_t extra = directory_end - directory.size - directory.offset; extra != 0) {
        fail(ErrorKind::data, path(), ": there are ", extra,
             " bytes that do not belong to the archive, before it or before its directory");
    }
    if (directory.count > directory.size / kCentralSize) {
        fail(ErrorKind::data, path(), ": ", directory.count, " members do not fit into a central directory of ",
             directory.size, " bytes");
    }
    return directory;
}

void ZipReader::read_directory(const Directory& directory) {
    std::vector<uint8_t> bytes(to_size(directory.size));
    file_.read_at(directory.offset, bytes.data(), bytes.size());
    size_t at = 0;
    for (uint64_t i = 0; i < directory.count; ++i) {
        const uint8_t* entry = bytes.data() + at;
        std::string where = text(path(), ": central directory at byte ", directory.offset + at);
        if (bytes.size() - at < kCentralSize || u32(entry) != kCentralSignature) {
            fail(ErrorKind::data, where, ": entry ", i + 1, " of ", directory.count, " is missing");
        }
        size_t name_size = u16(entry + 28), extra_size = u16(entry + 30), comment_size = u16(entry + 32);
        if (bytes.size() - at - kCentralSize < name_size + extra_size + comment_size) {
            fail(ErrorKind::data, where, ": entry ", i + 1, " extends beyond the directory");
        }
        ZipMember member;
        member.name.assign(reinterpret_cast<const char*>(entry) + kCentralSize, name_size);
        where = text(path(), ": member '", printable(member.name), "'");
        uint32_t flags = u16(entry + 8), method = u16(entry + 10);
        if ((flags & kEncryptedFlags) != 0) {
            member.problem = "encrypted: not supported";
        } else if ((flags & kPatchFlag) != 0) {
            member.problem = "patch data: not supported";
        } else if (method != 0 && method != 8) {
            member.problem = text("compression method ", method, " not supported, expected 0 (stored) or 8 (deflate)");
        }
        member.deflated = method == 8;
        member.crc = u32(entry + 16);
        member.compressed_size = u32(entry + 20);
        member.size = u32(entry + 24);
        member.header_offset = u32(entry + 42);
        uint32_t disk = u16(entry + 34);
        if (disk != 0 && disk != kFull16) fail(ErrorKind::data, where, ": on another disk: not supported");
        apply_zip64(entry + kCentralSize + name_size, extra_size, member, where);
        if (member.problem.empty() && !member.deflated && member.size != member.compressed_size) {
            member.problem = text("stored without compression, but its sizes are ", member.compressed_size, " and ",
                                  member.size, " bytes");
        }
        if (member.problem.empty() &&
            (member.compressed_size > file_.size() || member.size / kLargestRatio > member.compressed_size)) {
            member.problem = text(member.compressed_size, " compressed bytes cannot contain the declared ", member.size,
                                  " bytes (deflate compresses by at most ", kLargestRatio, ":1, the file has ",
                                  file_.size(), " bytes)");
        }
        members_.push_back(std::move(member));
        at += kCentralSize + name_size + extra_size + comment_size;
    }
    if (at != bytes.size()) {
        fail(ErrorKind::data, path(), ": central directory has ", bytes.size() - at, " bytes after its last entry");
    }
}

void ZipReader::read_local_headers(uint64_t directory_offset) {
    std::vector<size_t> order(members_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [this](size_t a, size_t b) { return members_[a].header_offset < members_[b].header_offset; });
    uint64_t free_from = 0;
    for (size_t index : order) {
        ZipMember& member = members_[index];
        std::string where = text(path(), ": member '", printable(member.name), "' at byte ", member.header_offset);
        if (member.header_offset < free_from) {
            fail(ErrorKind::data, where, ": overlaps the member before it, which ends at byte ", free_from);
        }
        uint8_t header[kLocalSize];
        if (member.header_offset > directory_offset || directory_offset - member.header_offset < kLocalSize) {
            fail(ErrorKind::data, where, ": its header extends beyond byte ", directory_offset);
        }
        file_.read_at(member.header_offset, header, kLocalSize);
        if (u32(header) != kLocalSignature) fail(ErrorKind::data, where, ": no local header there");
        uint64_t start = member.header_offset + kLocalSize;
        size_t name_size = u16(header + 26), extra_size = u16(header + 28);
        if (directory_offset - start < name_size + extra_size ||
            directory_offset - start - name_size - extra_size < member.compressed_size) {
            fail(ErrorKind::data, where, ": its ", member.compressed_size, " bytes extend beyond byte ",
                 directory_offset);
        }
        std::string name(name_size, '\0');
        file_.read_at(start, name.data(), name_size);
        bool deflated = u16(header + 8) == 8, encrypted = (u16(header + 6) & kEncryptedFlags) != 0;
        if (member.problem.empty() && (name != member.name || deflated != member.deflated || encrypted)) {
            member.problem = "local header and central directory disagree";
        }
        member.data_offset = start + name_size + extra_size;
        free_from = member.data_offset + member.compressed_size;
    }
}

std::string ZipReader::read(const ZipMember& member) const {
    ZipStream stream(*this, member);  // throws for an unreadable member before memory is allocated
    std::string bytes(to_size(member.size), '\0');
    stream.read(bytes.data(), member.size);
    stream.finish();
    return bytes;
}

bool ZipReader::same_bytes(const ZipMember& a, const ZipMember& b) const {
    if (a.deflated != b.deflated || a.size != b.size || a.compressed_size != b.compressed_size || a.crc != b.crc)
        return false;
    std::vector<char> left(kInputBuffer), right(kInputBuffer);
    for (uint64_t at = 0; at < a.compressed_size; at += kInputBuffer) {
        const auto n = to_size(std::min<uint64_t>(kInputBuffer, a.compressed_size - at));
        file_.read_at(a.data_offset + at, left.data(), n);
        file_.read_at(b.data_offset + at, right.data(), n);
        if (std::memcmp(left.data(), right.data(), n) != 0) return false;
    }
    return true;
}

struct ZipStream::State {
    const InputFile& file;
    const ZipMember& member;
    uint64_t taken = 0;  // compressed bytes that were read from the file
    uint64_t given = 0;  // uncompressed bytes that were returned to the caller
    uint32_t crc = 0;
    z_stream inflater{};
    std::vector<uint8_t> buffer{};

    std::string where() const {
        return text(file.path(), ": member '", printable(member.name), "' at byte ", member.data_offset);
    }

    // Decompresses at most n bytes into out; n <= kPiece. Returns their number, which is less than n only at the end of
    // the compressed data.
    uint64_t inflate_some(uint8_t* out, uint64_t n) {
        uint64_t done = 0;
        while (done < n) {
            if (inflater.avail_in == 0) {
                size_t take = to_size(std::min<uint64_t>(kInputBuffer, member.compressed_size - taken));
                file.read_at(member.data_offset + taken, buffer.data(), take);
                inflater.next_in = buffer.data();
                inflater.avail_in = static_cast<uInt>(take);
                taken += take;
            }
            uInt room = static_cast<uInt>(n - done);
            inflater.next_out = out + done;
            inflater.avail_out = room;
            int status = ::inflate(&inflater, Z_NO_FLUSH);
            done += room - inflater.avail_out;
            if (status == Z_STREAM_END) break;
            if (status != Z_OK) {
                fail(ErrorKind::data, where(), ": corrupted after ", given + done, " of ", member.size, " bytes (",
                     inflater.msg != nullptr ? inflater.msg : "the compressed data end too early", ")");
            }
        }
        return done;
    }
};

ZipStream::ZipStream(const ZipReader& reader, const ZipMember& member) : state_(new State{reader.file(), member}) {
    if (!member.problem.empty()) {
        fail(ErrorKind::data, reader.path(), ": member '", printable(member.name), "': ", member.problem);
    }
    if (!member.deflated) return;
    state_->buffer.resize(kInputBuffer);
    ASTRO_CHECK(inflateInit2(&state_->inflater, -15) == Z_OK, "zlib: inflateInit2 failed");
}

ZipStream::~ZipStream() {
    if (state_->member.deflated) inflateEnd(&state_->inflater);
}

void ZipStream::read(void* out, uint64_t n) {
    State& s = *state_;
    if (n > s.member.size - s.given) {
        fail(ErrorKind::data, s.where(), ": ", n, " bytes wanted after byte ", s.given, ", but it has ", s.member.size);
    }
    // In small pieces, so that each piece is still in the cache when its checksum is computed.
    for (uint8_t* to = static_cast<uint8_t*>(out); n > 0;) {
        const uint64_t piece = std::min<uint64_t>(n, kPiece);
        if (s.member.deflated) {
            if (uint64_t got = s.inflate_some(to, piece); got != piece) {
                fail(ErrorKind::data, s.where(), ": ends after ", s.given + got, " of the declared ", s.member.size,
                     " bytes");
            }
        } else {
            s.file.read_at(s.member.data_offset + s.given, to, to_size(piece));
        }
        s.crc = static_cast<uint32_t>(crc32_z(s.crc, to, to_size(piece)));
        s.given += piece;
        to += piece;
        n -= piece;
    }
}

void ZipStream::finish() {
    State& s = *state_;
    ASTRO_CHECK(s.given == s.member.size, s.where(), ": finish() after ", s.given, " of ", s.member.size);
    if (s.member.deflated) {
        uint8_t extra;
        if (s.inflate_some(&extra, 1) != 0) {
            fail(ErrorKind::data, s.where(), ": contains more than the declared ", s.member.size, " bytes");
        }
        uint64_t left = s.member.compressed_size - s.taken + s.inflater.avail_in;
        if (left != 0) fail(ErrorKind::data, s.where(), ": has ", left, " bytes after the end of its data");
    }
    if (s.crc != s.member.crc) {
        fail(ErrorKind::data, s.where(), ": checksum (CRC-32) differs: the file is corrupted");
    }
}

uint32_t file_crc32(const std::string& path) {
    const InputFile file(path);
    std::vector<unsigned char> block(1 << 20);
    uLong crc = crc32(0, nullptr, 0);
    for (uint64_t at = 0; at < file.size(); at += block.size()) {
        const auto n = to_size(std::min<uint64_t>(block.size(), file.size() - at));
        file.read_at(at, block.data(), n);
        crc = crc32(crc, block.data(), static_cast<uInt>(n));
    }
    return static_cast<uint32_t>(crc);
}

}  // namespace astro::data
