#include "data/npz.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <unordered_map>

#include "data/file.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr std::string_view kSuffix = ".npy";

bool is_array(std::string_view name) {
    return name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
}

// True for files such as "__MACOSX/._observations.npy". macOS adds one to an archive for each member.
bool is_macos_metadata(std::string_view name) {
    const size_t slash = name.rfind('/');
    const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
    return name.substr(0, 9) == "__MACOSX/" || file.substr(0, 2) == "._";
}

// A vector of n zeros. Requests huge pages for large vectors: page faults for pages of 4 KiB take a tenth of the time
// of a load, and huge pages make address translation faster when rows are drawn at random.
template <class T>
std::vector<T> large_vector(size_t n) {
    constexpr uintptr_t kHugePage = 2 << 20;
    std::vector<T> values;
    values.reserve(n);
    const auto begin = reinterpret_cast<uintptr_t>(values.data());
    const uintptr_t from = (begin + kHugePage - 1) / kHugePage * kHugePage,
                    to = (begin + n * sizeof(T)) / kHugePage * kHugePage;
    if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);  // optional: errors are ignored
    values.resize(n);
    return values;
}

// Returns the path. Error(data) with the way to convert it for a file of another well-known format.
const std::string& checked_format(const std::string& path) {
    const std::string start = read_start(path, 4);
    const auto ends_in = [&path](std::string_view end) {
        return path.size() >= end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0;
    };
    if (start == "\x89HDF")
        fail(ErrorKind::data, path,
             ": an HDF5 file, expected .npz; hint: examples/convert/d4rl.py converts a file of D4RL, d3rlpy_buffer.py "
             "one of d3rlpy");
    if (start == "PAR1")
        fail(ErrorKind::data, path,
             ": a Parquet file, expected .npz; hint: examples/convert/lerobot.py converts a table of LeRobot");
    if (start.substr(0, 2) != "PK" && ends_in(".csv"))
        fail(ErrorKind::data, path,
             ": a text file, expected .npz; hint: read it with numpy.loadtxt and write observations, actions and "
             "terminals with numpy.savez");
    return path;
}

}  // namespace

void check_memory(uint64_t bytes, const std::string& where) {
    uint64_t memory = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    if (bytes > memory) {
        fail(ErrorKind::io, where, ": needs ", bytes >> 20, " MiB of memory, the machine has ", memory >> 20);
    }
}

NpzReader::NpzReader(const std::string& path, double unpack_ratio)
    : zip_(checked_format(path)), unpack_ratio_(unpack_ratio) {
    const std::vector<ZipMember>& members = zip_.members();
    std::unordered_map<std::string, size_t> known;  // key to index into entries_
    size_t macos_members = 0;
    for (size_t i = 0; i < members.size(); ++i) {
        const std::string& name = members[i].name;
        if (!is_array(name)) continue;
        if (is_macos_metadata(name)) {
            ++macos_members;
            continue;
        }
        NpzEntry entry;
        entry.key = name.substr(0, name.size() - kSuffix.size());
        entry.member = i;
        try {
            ZipStream stream(zip_, members[i]);
            entry.header =
                read_npy_header([&](void* out, uint64_t n) { stream.read(out, n); }, members[i].size, where(entry.key));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::data) throw;
            entry.problem = error.what();
        }
        auto [same, fresh] = known.emplace(entry.key, entries_.size());
        if (fresh) {
            entries_.push_back(std::move(entry));
        } else {
            warnings_.push_back(text(where(entry.key), " occurs more than once: the last one is used"));
            entries_[same->second] = std::move(entry);
        }
    }
    if (macos_members > 0)
        warnings_.push_back(text(macos_members,
                                 macos_members == 1 ? " member that macOS added is" : " members that macOS added are",
                                 " ignored"));
}

const NpzEntry* NpzReader::find(std::string_view key) const {
    for (const NpzEntry& entry : entries_) {
        if (entry.key == key) return &entry;
    }
    return nullptr;
}

const NpzEntry& NpzReader::entry(std::string_view key) const {
    if (const NpzEntry* found = find(key)) {
        if (!found->problem.empty()) fail(ErrorKind::data, found->problem);
        return *found;
    }
    fail(ErrorKind::data, path(), ": no array '", key, "'; it has: ", keys());
}

std::string NpzReader::keys() const {
    constexpr size_t kMax = 20;
    std::string keys;
    for (size_t i = 0; i < std::min(entries_.size(), kMax); ++i)
        keys += (keys.empty() ? "" : ", ") + printable(entries_[i].key, 60);
    if (entries_.size() > kMax) keys += text(" and ", entries_.size() - kMax, " more");
    return keys.empty() ? "no arrays" : keys;
}

std::string NpzReader::where(std::string_view key) const { return text(path(), ": array '", printable(key, 60), "'"); }

void NpzReader::check_size(const NpzEntry& entry) const {
    const ZipMember& member = zip_.members()[entry.member];
    check_memory(member.size, where(entry.key));
    const double ratio =
        static_cast<double>(member.size) / static_cast<double>(std::max<uint64_t>(1, member.compressed_size));
    if (member.size <= kUnpackFreely || ratio <= unpack_ratio_) return;
    fail(ErrorKind::data, where(entry.key), ": ", member.compressed_size, " bytes unpack to ", member.size >> 20,
         " MiB, a ratio of ", std::llround(ratio), "; expected at most ", unpack_ratio_,
         ", because recorded motion compresses less; hint: --unpack_ratio ", std::llround(std::ceil(ratio)),
         " if this is intended");
}

NpyArray NpzReader::read(std::string_view key) const {
    const NpzEntry& found = entry(key);
    const ZipMember& member = zip_.members()[found.member];
    check_size(found);
    ZipStream stream(zip_, member);
    NpySource source = [&](void* out, uint64_t n) { stream.read(out, n); };
    read_npy_header(source, member.size, where(key));
    NpyArray array = read_npy_data(source, found.header, where(key));
    stream.finish();
    return array;
}

template <class T>
std::vector<T> NpzReader::read_as(std::string_view key) const {
    const NpzEntry& found = entry(key);
    const NpyHeader& header = found.header;
    const bool flags = std::is_same_v<T, uint8_t> && header.type == NpyType::b1;
    bool as_stored = header.supported && (header.type == NpyTypeOf<T>::value || flags) && !header.big_endian &&
                     (!header.fortran_order || header.shape.size() < 2);
    if (!as_stored) return read(key).template to<T>(where(key));
    const ZipMember& member = zip_.members()[found.member];
    check_size(found);
    ZipStream stream(zip_, member);
    read_npy_header([&](void* out, uint64_t n) { stream.read(out, n); }, member.size, where(key));
    std::vector<T> values = large_vector<T>(to_size(header.count));
    if (!values.empty()) stream.read(values.data(), values.size() * sizeof(T));
    stream.finish();
    if (flags) {
        for (T& value : values) value = value != T{0};
    }
    return values;
}
template std::vector<float> NpzReader::read_as(std::string_view) const;
template std::vector<double> NpzReader::read_as(std::string_view) const;
template std::vector<int64_t> NpzReader::read_as(std::string_view) const;
template std::vector<uint8_t> NpzReader::read_as(std::string_view) const;

std::vector<uint8_t> NpzReader::read_flags(std::string_view key) const {
    const auto require_flags = [&](const auto& values) {
        const auto bad = std::find_if(values.begin(), values.end(), [](auto v) { return v != 0 && v != 1; });
        if (bad != values.end())
            fail(ErrorKind::data, where(key), " row ", bad - values.begin(), ": ", +*bad, ", expected 0 or 1");
    };
    const NpyHeader& header = entry(key).header;
    if (header.supported && header.type != NpyType::b1 && header.type != NpyType::u1) {
        const std::vector<double> values = read_as<double>(key);  // uint8_t cannot hold all wrong values
        require_flags(values);
        return {values.begin(), values.end()};
    }
    std::vector<uint8_t> flags = read_as<uint8_t>(key);
    require_flags(flags);
    return flags;
}

const ZipMember* NpzReader::find_member(std::string_view name) const {
    const ZipMember* found = nullptr;
    for (const ZipMember& member : zip_.members()) {
        if (member.name == name) found = &member;
    }
    return found;
}

bool NpzReader::has_text(std::string_view name) const { return find_member(name) != nullptr; }

std::string NpzReader::read_text(std::string_view name) const {
    const ZipMember* member = find_member(name);
    if (member == nullptr) fail(ErrorKind::data, path(), ": no member '", printable(name), "'");
    if (member->size > kUnpackFreely)
        fail(ErrorKind::data, path(), ": member '", printable(name), "': ", member->size >> 20,
             " MiB of text, expected at most ", kUnpackFreely >> 20);
    return zip_.read(*member);
}

void NpzWriter::add(const std::string& key, const NpyArray& array, Compression compression) {
    add(key, array.type, array.shape, array.bytes.data(), compression);
}

void NpzWriter::add(const std::string& key, NpyType type, const std::vector<int64_t>& shape, const void* data,
                    Compression compression) {
    uint64_t bytes = item_size(type);
    for (int64_t d : shape) bytes *= static_cast<uint64_t>(d);
    std::string header = npy_header(type, shape);
    zip_.add(key + std::string(kSuffix), {{header.data(), header.size()}, {data, bytes}},
             compression == Compression::deflated);
}

void NpzWriter::add_again(const std::string& key, const std::string& first) {
    zip_.add_again(key + std::string(kSuffix), first + std::string(kSuffix));
}

void NpzWriter::add_text(const std::string& name, std::string_view content) {
    zip_.add(name, {{content.data(), content.size()}}, false);
}

}  // namespace astro::data
