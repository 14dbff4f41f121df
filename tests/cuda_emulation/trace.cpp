#include "tests/cuda_emulation/trace.h"

#include "tests/cuda_emulation/device.h"

#if !defined(ASTRO_EMULATION_TRACE)

namespace gpu::emulated {
void trace_atomic(const void*, unsigned, const void*) {}
}  // namespace gpu::emulated

#else

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/scheduler.h"

// The linker's symbols for zero-initialised memory. Static shared arrays are there, and nothing else that kernels may
// access (`running` is intentionally elsewhere).
extern "C" char __bss_start, _end;

namespace gpu::emulated {

namespace {

enum class Kind { write, atomic, read };
const char* const kind_names[] = {"a write", "an atomic", "a read"};

struct Summary {
    uint32_t launch, block, epoch, warp_epoch;
    uint16_t thread;
    bool many_blocks, many_warps : 1, many_threads : 1;
};
struct Note {
    Summary of[3];          // indexed by Kind
    uint32_t shared_block;  // for shared memory: the block execution that the note belongs to
};

// Zeroed memory that is not committed before it is accessed.
template <class T>
T* reserve(size_t count) {
    void* memory =
        mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(memory);
}

// Only set on the thread that runs a kernel; other threads may execute host code of the same files.
thread_local bool tracing = false;

struct Trace {
    const char* arena = device_memory_start();
    const size_t arena_bytes = device_memory_reserved();
    const size_t static_bytes = static_cast<size_t>(&_end - &__bss_start);
    ByteState* states = reserve<ByteState>(arena_bytes);
    Note* global = reserve<Note>(arena_bytes / 4);
    Note* dynamic = reserve<Note>(dynamic_shared_limit / 4);
    Note* fixed = reserve<Note>(static_bytes / 4 + 1);
    std::unordered_map<const char*, Note>
        parts;  // accesses of less than 4 bytes, so that adjacent ones do not conflict
    uint32_t shared_block = 0;
    std::set<std::pair<const void*, std::string> > told;  // reported places in the code and kinds of findings
    uint32_t told_launch = 0;
};

Trace& trace() {
    static Trace* only = new Trace;
    return *only;
}

// "gemm.cu:81": the innermost source line outside of the emulator, found with the addr2line tool.
std::string source_line(const void* pc) {
    Dl_info info;
    if (!dladdr(pc, &info)) return "?";
    const ptrdiff_t offset = static_cast<const char*>(pc) - static_cast<const char*>(info.dli_fbase) - 1;
    std::FILE* pipe = popen(text_of("addr2line -i -e '%s' 0x%tx 2>/dev/null", info.dli_fname, offset).c_str(), "r");
    if (!pipe) return "?";
    char line[512];
    std::string place = "?";
    while (std::fgets(line, sizeof line, pipe)) {
        line[std::strcspn(line, " \n")] = 0;
        const char* name = std::strrchr(line, '/');
        place = name ? name + 1 : line;
        if (!std::strstr(line, "cuda_emulation/device.h")) break;
    }
    pclose(pipe);
    return place;
}

// At most once per launch for each place in the code and kind of finding.
bool first_time(const char* kind, const void* pc) {
    Trace& t = trace();
    if (t.told_launch != position.launch) t.told.clear();
    t.told_launch = position.launch;
    return t.told.emplace(pc, kind).second;
}

std::string describe(const char* address) {
    if (is_device_address(address)) return describe_device_address(address);
    if (is_dynamic_shared(address))
        return text_of("byte %td of dynamic shared memory", address - dynamic_shared_start());
    return "static shared memory";
}

void tell(const char* kind, const void* pc, Kind access, const char* address, size_t bytes, const std::string& more) {
    if (!first_time(kind, pc)) return;
    report(kind, text_of("%s, %s: %s of %zu bytes at %s%s", where().c_str(), source_line(pc).c_str(),
                         kind_names[static_cast<int>(access)], bytes, describe(address).c_str(), more.c_str()));
}

// How an earlier access conflicts with the current one; null if it does not.
const char* conflict(const Summary& earlier) {
    if (earlier.launch != position.launch) return nullptr;
    if (earlier.many_blocks || earlier.block != position.block) return "another block";
    if (earlier.epoch != position.epoch) return nullptr;
    if (earlier.many_warps || earlier.thread / 32u != position.thread / 32u) return "another warp, no barrier between";
    if (earlier.warp_epoch != position.warp_epoch) return nullptr;
    if (earlier.many_threads || earlier.thread != position.thread) return "another lane, no __syncwarp between";
    return nullptr;
}

void remember(Summary& s) {
    const Summary now = {
        position.launch, position.block, position.epoch, position.warp_epoch, static_cast<uint16_t>(position.thread),
        false,           false,          false};
    if (s.launch != now.launch) {
        s = now;
        return;
    }
    const bool many_blocks = s.many_blocks || s.block != now.block;
    if (s.block != now.block || s.epoch != now.epoch) {
        s = now;
    } else if (s.thread / 32u != now.thread / 32u) {
        s.many_warps = true;
        s.warp_epoch = now.warp_epoch, s.thread = now.thread, s.many_threads = false;
    } else if (s.warp_epoch != now.warp_epoch) {
        s.warp_epoch = now.warp_epoch, s.thread = now.thread, s.many_threads = false;
    } else if (s.thread != now.thread) {
        s.many_threads = true;
    }
    s.many_blocks = many_blocks;
}

void check_note(Note& note, Kind kind, const char* address, size_t bytes, const void* pc) {
    for (int other = 0; other < 3; ++other) {
        if (other == static_cast<int>(kind) && kind != Kind::write) continue;
        const char* with = conflict(note.of[other]);
        if (with) tell("race", pc, kind, address, bytes, text_of("; %s by %s", kind_names[other], with));
    }
    remember(note.of[static_cast<int>(kind)]);
}

void check_global(Kind kind, const char* address, size_t bytes, const void* pc) {
    Trace& t = trace();
    ByteState* states = t.states + (address - t.arena);
    for (size_t i = 0; i < bytes; ++i) {
        if (states[i] == ByteState::none) return tell("bounds", pc, kind, address, bytes, "");
        if (states[i] == ByteState::freed) return tell("lifetime", pc, kind, address, bytes, "");
        if (kind != Kind::write && states[i] == ByteState::uninitialised)
            return tell("uninitialised", pc, kind, address, bytes, "");
    }
    if (kind != Kind::read) std::memset(states, static_cast<int>(ByteState::initialised), bytes);
    if (bytes < 4) return check_note(t.parts[address], kind, address, bytes, pc);
    const size_t first = static_cast<size_t>(address - t.arena) / 4;
    for (size_t i = 0; i < bytes / 4; ++i) check_note(t.global[first + i], kind, address, bytes, pc);
}

void check_shared(Note* notes, size_t offset, Kind kind, const char* address, size_t bytes, const void* pc) {
    Trace& t = trace();
    for (size_t i = 0; i < (bytes + 3) / 4; ++i) {
        Note& note = bytes < 4 ? t.parts[address] : notes[offset / 4 + i];
        if (note.shared_block != t.shared_block) {
            note = Note{};
            note.shared_block = t.shared_block;
        }
        const bool written = note.of[0].launch == position.launch || note.of[1].launch == position.launch;
        if (kind != Kind::write && !written) return tell("uninitialised", pc, kind, address, bytes, "");
        check_note(note, kind, address, bytes, pc);
    }
}

void access(Kind kind, const void* pointer, size_t bytes, const void* pc) {
    if (!tracing) return;
    Trace& t = trace();
    const char* address = static_cast<const char*>(pointer);
    const size_t in_static = static_cast<size_t>(address - &__bss_start);
    tracing = false;
    if (static_cast<size_t>(address - t.arena) < t.arena_bytes) {
        check_global(kind, address, bytes, pc);
    } else if (is_dynamic_shared(address)) {
        const size_t offset = static_cast<size_t>(address - dynamic_shared_start());
        if (offset + bytes > position.shared_bytes)
            tell("bounds", pc, kind, address, bytes, "");
        else
            check_shared(t.dynamic, offset, kind, address, bytes, pc);
    } else if (in_static < t.static_bytes) {
        check_shared(t.fixed, in_static, kind, address, bytes, pc);
    }
    tracing = true;
}

}  // namespace

void set_tracing(bool on) { tracing = on; }
void trace_begin_block() { ++trace().shared_block; }

void trace_set_state(const void* address, size_t bytes, ByteState state) {
    std::memset(trace().states + (static_cast<const char*>(address) - trace().arena), static_cast<int>(state), bytes);
}

void trace_copy_state(void* to, const void* from, size_t bytes) {
    Trace& t = trace();
    std::memmove(t.states + (static_cast<char*>(to) - t.arena), t.states + (static_cast<const char*>(from) - t.arena),
                 bytes);
}

bool trace_initialised(const void* address, size_t bytes) {
    const ByteState* states = trace().states + (static_cast<const char*>(address) - trace().arena);
    for (size_t i = 0; i < bytes; ++i)
        if (states[i] != ByteState::initialised) return false;
    return true;
}

void trace_forget(const void* address, size_t bytes) {
    const size_t page = 4096;
    const size_t first = static_cast<size_t>(static_cast<const char*>(address) - trace().arena) / 4;
    const size_t from = (reinterpret_cast<size_t>(trace().global + first) + page - 1) / page * page;
    const size_t to = reinterpret_cast<size_t>(trace().global + first + bytes / 4) / page * page;
    if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

void trace_atomic(const void* address, unsigned bytes, const void* pc) { access(Kind::atomic, address, bytes, pc); }

}  // namespace gpu::emulated

// Functions that the compiler calls.

using gpu::emulated::access;
using gpu::emulated::Kind;

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define HOOKS(BYTES)                                                                                            \
    void __tsan_read##BYTES(void* p) { access(Kind::read, p, BYTES, __builtin_return_address(0)); }             \
    void __tsan_write##BYTES(void* p) { access(Kind::write, p, BYTES, __builtin_return_address(0)); }           \
    void __tsan_unaligned_read##BYTES(void* p) { access(Kind::read, p, BYTES, __builtin_return_address(0)); }   \
    void __tsan_unaligned_write##BYTES(void* p) { access(Kind::write, p, BYTES, __builtin_return_address(0)); } \
    void __tsan_volatile_read##BYTES(void* p) { access(Kind::read, p, BYTES, __builtin_return_address(0)); }    \
    void __tsan_volatile_write##BYTES(void* p) { access(Kind::write, p, BYTES, __builtin_return_address(0)); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __tsan_read_range(void* p, size_t bytes) { access(Kind::read, p, bytes, __builtin_return_address(0)); }
void __tsan_write_range(void* p, size_t bytes) { access(Kind::write, p, bytes, __builtin_return_address(0)); }

// Atomics of host code in files that also contain kernels (reference counts, guards of static variables).
#define HOST_ATOMICS(BITS, T)                                                                                         \
    T __tsan_atomic##BITS##_load(const volatile T* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }           \
    void __tsan_atomic##BITS##_store(volatile T* p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }           \
    T __tsan_atomic##BITS##_exchange(volatile T* p, T v, int) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); } \
    T __tsan_atomic##BITS##_fetch_add(volatile T* p, T v, int) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); } \
    T __tsan_atomic##BITS##_fetch_sub(volatile T* p, T v, int) { return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); } \
    T __tsan_atomic##BITS##_fetch_or(volatile T* p, T v, int) { return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); }   \
    T __tsan_atomic##BITS##_fetch_and(volatile T* p, T v, int) { return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); } \
    int __tsan_atomic##BITS##_compare_exchange_strong(volatile T* p, T* e, T v, int, int) {                           \
        return __atomic_compare_exchange_n(p, e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                       \
    }
HOST_ATOMICS(8, unsigned char)
HOST_ATOMICS(32, unsigned int)
HOST_ATOMICS(64, unsigned long)
}

#endif
