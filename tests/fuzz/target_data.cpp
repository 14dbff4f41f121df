#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "data/dataset_load.h"
#include "data/json.h"
#include "data/npz.h"
#include "data/validate.h"
#include "tensor/base/error.h"
#include "tests/fuzz/targets.h"

namespace astro::fuzz {

namespace {

// A file in memory with these bytes.
class MemoryFile {
  public:
    MemoryFile(const uint8_t* bytes, size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
        if (descriptor_ < 0 || ::write(descriptor_, bytes, size) != static_cast<ssize_t>(size))
            fail(ErrorKind::internal, "cannot write ", size, " bytes into memory");
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    std::string path() const { return text("/proc/self/fd/", descriptor_); }

  private:
    int descriptor_;
};

template <class Work>
void tolerate_errors(Work work) {
    try {
        work();
    } catch (const Error& error) {
        // An internal error is a defect of the program, whatever the input.
        if (error.kind() == ErrorKind::internal) throw;
    }
}

}  // namespace

void json(const uint8_t* bytes, size_t size) {
    tolerate_errors([&] {
        const std::string text(reinterpret_cast<const char*>(bytes), size);
        const std::string once = data::Json::parse(text, "input").dump();
        if (data::Json::parse(once, "printed").dump() != once)
            fail(ErrorKind::internal, "JSON changes when read again: ", once);
    });
}

void npy(const uint8_t* bytes, size_t size) {
    size_t at = 0;
    const data::NpySource source = [&](void* out, uint64_t n) {
        if (n > size - at) fail(ErrorKind::data, "input: ends early");
        if (n > 0) std::memcpy(out, bytes + at, n);
        at += n;
    };
    tolerate_errors([&] {
        const data::NpyHeader header = data::read_npy_header(source, size, "input");
        const data::NpyArray array = data::read_npy_data(source, header, "input");
        // The header that was read is written again and has the same meaning.
        const std::string again = data::npy_header(array.type, array.shape);
        if (again.empty() || static_cast<size_t>(array.count()) * data::item_size(array.type) != array.bytes.size())
            fail(ErrorKind::internal, "an array of ", array.count(), " elements holds ", array.bytes.size(), " bytes");
    });
}

void npz(const uint8_t* bytes, size_t size) {
    const MemoryFile file(bytes, size);
    tolerate_errors([&] {
        const data::NpzReader reader(file.path());
        for (const data::NpzEntry& entry : reader.entries()) tolerate_errors([&] { reader.read(entry.key); });
    });
    tolerate_errors([&] { data::inspect_file(file.path(), nullptr); });
    tolerate_errors([&] { data::load_dataset(file.path(), nullptr); });
}

}  // namespace astro::fuzz
