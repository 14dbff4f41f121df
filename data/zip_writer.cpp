// Implements ZipWriter of data/zip.h.
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>

#include "data/zip.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr size_t kBlock = 256 << 10;    // bytes compressed as one unit of work
constexpr size_t kBlocksInMemory = 64;  // compressed blocks that are in memory at the same time
constexpr size_t kWindow = 32 << 10;    // bytes of history that deflate can refer to
constexpr size_t kSample = 16 << 10;    // bytes of a block with which compression strategies are compared
constexpr int kLevel = 6;               // that of numpy.savez_compressed
constexpr uint32_t kFull32 = 0xFFFFFFFFu;
constexpr uint16_t kDate = 0x21;  // 1980-01-01, the earliest date; constant, so that equal input gives equal bytes

// A header under construction, little-endian.
struct Bytes {
    std::string out;
    template <class T>
    Bytes& put(T value) {
        for (size_t i = 0; i < sizeof(T); ++i) {
            out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFF));
        }
        return *this;
    }
};

uint32_t capped(uint64_t value, bool zip64) { return zip64 ? kFull32 : static_cast<uint32_t>(value); }

// Bit 11 marks a name as UTF-8. ASCII names do not need it.
uint16_t flags_of(const std::string& name) {
    bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
    return ascii ? 0 : 1u << 11;
}

struct Block {
    const uint8_t* data = nullptr;
    size_t size = 0;
    size_t history = 0;  // bytes before `data` that belong to the same member, at most kWindow
    bool last = false;
    std::vector<uint8_t> compressed;
    uint32_t crc = 0;
};

// Raw deflate of n bytes. The `history` bytes before `data` serve as the dictionary. last: ends the stream. Other
// blocks end on a byte boundary (Z_SYNC_FLUSH), so that compressed blocks can be concatenated.
std::vector<uint8_t> deflate_bytes(const uint8_t* data, size_t n, size_t history, int strategy, bool last) {
    z_stream deflater{};
    ASTRO_CHECK(deflateInit2(&deflater, kLevel, Z_DEFLATED, -15, 8, strategy) == Z_OK, "zlib: deflateInit2 failed");
    if (history > 0) deflateSetDictionary(&deflater, data - history, static_cast<uInt>(history));
    std::vector<uint8_t> compressed(deflateBound(&deflater, static_cast<uLong>(n)) + 16);
    deflater.next_in = data;
    deflater.avail_in = static_cast<uInt>(n);
    deflater.next_out = compressed.data();
    deflater.avail_out = static_cast<uInt>(compressed.size());
    int status = deflate(&deflater, last ? Z_FINISH : Z_SYNC_FLUSH);
    bool good = status == (last ? Z_STREAM_END : Z_OK) && deflater.avail_in == 0;
    compressed.resize(compressed.size() - deflater.avail_out);
    deflateEnd(&deflater);
    ASTRO_CHECK(good, "zlib: deflate failed with status ", status);
    return compressed;
}

// Selects Huffman coding only, which is five times as fast, if a search for repetitions does not make a sample from the
// middle of the block smaller.
int choose_strategy(const Block& block) {
    if (block.size < 4 * kSample) return Z_DEFAULT_STRATEGY;
    const size_t at = (block.size - kSample) / 2;
    const size_t history = std::min(kWindow, block.history + at);
    const uint8_t* sample = block.data + at;
    const size_t searched = deflate_bytes(sample, kSample, history, Z_DEFAULT_STRATEGY, true).size();
    const size_t coded = deflate_bytes(sample, kSample, 0, Z_HUFFMAN_ONLY, true).size();
    return coded <= searched ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
}

void compress_block(Block& block) {
    block.compressed = deflate_bytes(block.data, block.size, block.history, choose_strategy(block), block.last);
    block.crc = block.size == 0 ? 0 : static_cast<uint32_t>(crc32_z(0, block.data, block.size));
}

}  // namespace

ZipWriter::ZipWriter(const std::string& path, ThreadPool* pool, uint64_t zip64_from)
    : file_(path), pool_(pool), zip64_from_(zip64_from) {}

void ZipWriter::add(const std::string& name, const std::vector<Piece>& pieces, bool compress) {
    ZipMember member;
    member.name = name;
    member.deflated = compress;
    for (const Piece& piece : pieces) member.size += piece.size;
    begin(member);
    if (compress) {
        write_deflated(pieces, member);
    } else {
        write_stored(pieces, member);
    }
    end(member);
}

void ZipWriter::add_again(const std::string& name, const std::string& first) {
    auto found = std::find_if(members_.begin(), members_.end(), [&](const ZipMember& m) { return m.name == first; });
    ASTRO_CHECK(found != members_.end(), file_.path(), ": no member '", first, "' to add again");
    ZipMember member = *found;
    const uint64_t from = member.data_offset, size = member.compressed_size;
    member.name = name;
    begin(member);
    std::vector<uint8_t> buffer(kBlock);
    for (uint64_t at = 0; at < size; at += kBlock) {
        const auto n = to_size(std::min<uint64_t>(kBlock, size - at));
        file_.read_at(from + at, buffer.data(), n);
        file_.write(buffer.data(), n);
    }
    end(member);
}

// Writes the local header of a member. CRC and compressed size are not known yet; end() writes the header again.
void ZipWriter::begin(ZipMember& member) {
    ASTRO_CHECK(!member.name.empty() && member.name.size() < 0xFFFF, file_.path(), ": bad member name of ",
                member.name.size(), " characters");
    member.header_offset = file_.size();
    const std::string header = local_header(member);
    file_.write(header.data(), header.size());
    member.data_offset = file_.size();
}

void ZipWriter::end(ZipMember& member) {
    member.compressed_size = file_.size() - member.data_offset;
    const std::string header = local_header(member);
    file_.write_at(member.header_offset, header.data(), header.size());
    members_.push_back(std::move(member));
}

std::string ZipWriter::local_header(const ZipMember& member) const {
    // Space for 64-bit sizes must be reserved before the compressed size is known. Compression enlarges a block by at
    // most 0.1 %.
    const bool zip64 = member.size + member.size / 1000 + 1024 >= zip64_from_;
    Bytes header;
    header.put(uint32_t{0x04034b50}).put(uint16_t{zip64 ? uint16_t{45} : uint16_t{20}});
    header.put(flags_of(member.name)).put(uint16_t{member.deflated ? uint16_t{8} : uint16_t{0}});
    header.put(uint16_t{0}).put(kDate).put(member.crc);
    header.put(capped(member.compressed_size, zip64)).put(capped(member.size, zip64));
    header.put(static_cast<uint16_t>(member.name.size())).put(uint16_t{zip64 ? uint16_t{20} : uint16_t{0}});
    header.out += member.name;
    if (zip64) header.put(uint16_t{1}).put(uint16_t{16}).put(member.size).put(member.compressed_size);
    return header.out;
}

void ZipWriter::write_stored(const std::vector<Piece>& pieces, ZipMember& member) {
    for (const Piece& piece : pieces) {
        if (piece.size == 0) continue;
        const uint8_t* data = static_cast<const uint8_t*>(piece.data);
        member.crc = static_cast<uint32_t>(crc32_z(member.crc, data, piece.size));
        file_.write(data, piece.size);
    }
}

void ZipWriter::write_deflated(const std::vector<Piece>& pieces, ZipMember& member) {
    std::vector<Block> blocks;
    for (const Piece& piece : pieces) {
        const uint8_t* data = static_cast<const uint8_t*>(piece.data);
        for (uint64_t at = 0; at < piece.size; at += kBlock) {
            Block block;
            block.data = data + at;
            block.size = to_size(std::min<uint64_t>(kBlock, piece.size - at));
            block.history = to_size(std::min<uint64_t>(kWindow, at));
            blocks.push_back(std::move(block));
        }
    }
    if (blocks.empty()) blocks.emplace_back();  // an empty member still needs an end-of-stream marker
    blocks.back().last = true;
    for (size_t first = 0; first < blocks.size(); first += kBlocksInMemory) {
        size_t n = std::min(kBlocksInMemory, blocks.size() - first);
        auto body = [&](int64_t i) { compress_block(blocks[first + to_size(i)]); };
        if (pool_ != nullptr) {
            pool_->run(static_cast<int64_t>(n), body);
        } else {
            for (size_t i = 0; i < n; ++i) body(static_cast<int64_t>(i));
        }
        for (size_t i = first; i < first + n; ++i) {
            file_.write(blocks[i].compressed.data(), blocks[i].compressed.size());
            member.crc =
                static_cast<uint32_t>(crc32_combine(member.crc, blocks[i].crc, static_cast<z_off_t>(blocks[i].size)));
            std::vector<uint8_t>().swap(blocks[i].compressed);
        }
    }
}

void ZipWriter::write_directory() {
    uint64_t start = file_.size();
    Bytes directory;
    for (const ZipMember& member : members_) {
        Bytes extra;
        for (uint64_t value : {member.size, member.compressed_size, member.header_offset}) {
            if (value >= zip64_from_) extra.put(value);
        }
        size_t extra_size = extra.out.empty() ? 0 : extra.out.size() + 4;
        auto version = static_cast<uint16_t>(extra_size == 0 ? 20 : 45);
        directory.put(uint32_t{0x02014b50}).put(static_cast<uint16_t>(3 << 8 | version)).put(version);
        directory.put(flags_of(member.name)).put(static_cast<uint16_t>(member.deflated ? 8 : 0));
        directory.put(uint16_t{0}).put(kDate).put(member.crc);
        directory.put(capped(member.compressed_size, member.compressed_size >= zip64_from_));
        directory.put(capped(member.size, member.size >= zip64_from_));
        directory.put(static_cast<uint16_t>(member.name.size())).put(static_cast<uint16_t>(extra_size));
        directory.put(uint16_t{0}).put(uint16_t{0}).put(uint16_t{0});  // comment, disk, internal attributes
        directory.put(uint32_t{0600} << 16);                           // Unix permissions rw-------
        directory.put(capped(member.header_offset, member.header_offset >= zip64_from_));
        directory.out += member.name;
        if (extra_size > 0) {
            directory.put(uint16_t{1}).put(static_cast<uint16_t>(extra_size - 4));
            directory.out += extra.out;
        }
    }
    uint64_t size = directory.out.size(), count = members_.size(), end64 = start + size;
    bool zip64 = start >= zip64_from_ || size >= zip64_from_ || count >= 0xFFFF;
    if (zip64) {
        directory.put(uint32_t{0x06064b50}).put(uint64_t{44}).put(uint16_t{3 << 8 | 45}).put(uint16_t{45});
        directory.put(uint32_t{0}).put(uint32_t{0}).put(count).put(count).put(size).put(start);
        directory.put(uint32_t{0x07064b50}).put(uint32_t{0}).put(end64).put(uint32_t{1});
    }
    auto count16 = static_cast<uint16_t>(zip64 ? 0xFFFF : count);
    directory.put(uint32_t{0x06054b50}).put(uint16_t{0}).put(uint16_t{0}).put(count16).put(count16);
    directory.put(capped(size, zip64)).put(capped(start, zip64)).put(uint16_t{0});
    file_.write(directory.out.data(), directory.out.size());
}

void ZipWriter::close() {
    write_directory();
    file_.commit();
}

}  // namespace astro::data
