#include "tests/cuda_emulation/memory.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <new>
#include <vector>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/kernels.h"
#include "tests/cuda_emulation/scheduler.h"
#include "tests/cuda_emulation/trace.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) (void(address), void(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) (void(address), void(bytes))
#endif

namespace gpu::emulated {

namespace {

constexpr size_t reserved = size_t{64} << 30, redzone = 256, page = 4096;
constexpr size_t kept_freed_bytes = size_t{4}
                                    << 20;  // freed blocks that stay poisoned; the pages of older ones are released
constexpr size_t shared_guard = 256;
constexpr int poison = 0xFF;

struct Block {
    size_t bytes = 0, number = 0;
    bool live = true;
};

size_t rounded(size_t n, size_t to) { return (n + to - 1) / to * to; }

struct Arena {
    char* base = nullptr;
    char* top = nullptr;  // everything below has been allocated
    std::map<char*, Block> blocks;
    std::map<char*, size_t> live;
    std::vector<std::pair<char*, size_t>> to_poison;  // ranges to poison when memory becomes accessible
    std::deque<char*> freed;                          // oldest first
    std::map<char*, char*> given_back;                // ranges of freed blocks and their redzones: start, end
    std::vector<std::pair<char*, size_t>> opened;     // ranges that the host may access at present
    size_t freed_bytes = 0, used = 0, limit = size_t{8} << 30, count = 0;
    int open = 0;

    Arena() {
        void* memory = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        base = top = static_cast<char*>(memory);
    }
};

Arena& arena() {
    static Arena* only = new Arena;  // never destroyed, because tensors may outlive static objects
    return *only;
}

// The contents of redzones: NaN as f32 and as f64, with a different value in every word, so that copying from one
// redzone to another is detected.
unsigned char zone_byte(const char* p) {
    const uint32_t place = static_cast<uint32_t>(reinterpret_cast<size_t>(p) / 4);
    const uint32_t word = 0xfff80000u | (place * 2654435761u) >> 13;
    return reinterpret_cast<const unsigned char*>(&word)[reinterpret_cast<size_t>(p) % 4];
}
void fill_zone(char* from, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) from[i] = static_cast<char>(zone_byte(from + i));
}
#if defined(__SANITIZE_ADDRESS__)
bool intact(const char*, size_t) { return true; }  // the sanitizer detects the access
#else
bool intact(const char* from, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i)
        if (static_cast<unsigned char>(from[i]) != zone_byte(from + i)) return false;
    return true;
}
#endif

// All allocated memory except long released ranges, because the time of protecting memory grows with the number of
// pages.
std::vector<std::pair<char*, size_t>> ranges_in_use() {
    constexpr ptrdiff_t kLong = 1 << 20;
    Arena& a = arena();
    std::vector<std::pair<char*, size_t>> ranges;
    char* from = a.base;
    auto add = [&](char* to) {
        const size_t bytes = rounded(static_cast<size_t>(to - from), page);
        if (bytes > 0) ranges.emplace_back(from, bytes);
    };
    for (const auto& [start, end] : a.given_back) {
        if (end - start < kLong) continue;
        add(start);
        from = end - reinterpret_cast<size_t>(end) % page;
    }
    add(a.top);
    return ranges;
}

// Releases whole pages of a freed block and of freed neighbours, so that fewer pages must be protected.
void give_back(char* data) {
    Arena& a = arena();
    char* start = data - redzone;
    char* end = data + rounded(a.blocks[data].bytes, redzone) + redzone;
    char *from = start, *to = end;
    auto next = a.given_back.lower_bound(start);
    if (next != a.given_back.end() && next->first == end) to = next->second, next = a.given_back.erase(next);
    if (next != a.given_back.begin() && std::prev(next)->second == start) from = std::prev(next)->first;
    a.given_back[from] = to;
    // Only pages at this block can be new; more distant pages of its neighbours have been released before.
    auto page_after = [](char* p) { return reinterpret_cast<char*>(rounded(reinterpret_cast<size_t>(p), page)); };
    char* first = page_after(std::max(from, start - page));
    char* last = page_after(std::min(to, end + page) - (page - 1));
    if (first < last) madvise(first, static_cast<size_t>(last - first), MADV_DONTNEED);
    trace_forget(start, static_cast<size_t>(end - start));
}

void drop_old_pages() {
    Arena& a = arena();
    while (a.freed_bytes > kept_freed_bytes) {
        char* data = a.freed.front();
        a.freed.pop_front();
        a.freed_bytes -= a.blocks[data].bytes + 2 * redzone;
        give_back(data);
    }
}

// Invalid accesses: host code accesses device memory, or a kernel accesses invalid memory. Reports it and ends the
// process.
void on_fault(int, siginfo_t* info, void*) {
    const std::string what =
        is_device_address(info->si_addr) ? describe_device_address(info->si_addr) : std::string("not device memory");
    const std::string line = text_of("emulation: fault: %s touched %p: %s\n",
                                     position.kernel ? where().c_str() : "host code", info->si_addr, what.c_str());
    if (write(2, line.data(), line.size()) < 0) _exit(98);
    _exit(99);
}

struct FaultHandler {
    FaultHandler() {
        static char stack[64 * 1024];
        stack_t alternative{};
        alternative.ss_sp = stack;
        alternative.ss_size = sizeof stack;
        sigaltstack(&alternative, nullptr);
        struct sigaction action {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigaction(SIGSEGV, &action, nullptr);
        sigaction(SIGBUS, &action, nullptr);
    }
} fault_handler;

struct Shared {
    char* memory = nullptr;
    size_t bytes = 0;
} shared;

}  // namespace

void* device_allocate(size_t bytes) {
    Arena& a = arena();
    const size_t body = rounded(bytes, redzone);
    char* data = a.top + redzone;
    char* next = data + body + redzone;
    if (a.used + bytes > a.limit || next > a.base + reserved) return nullptr;
    a.to_poison.emplace_back(a.top, static_cast<size_t>(next - a.top));
    a.top = next;
    a.used += bytes;
    a.blocks[data] = {bytes, ++a.count, true};
    a.live[data] = bytes;
    return data;
}

void device_free(void* pointer) {
    Arena& a = arena();
    char* data = static_cast<char*>(pointer);
    Block& block = a.blocks.at(data);
    block.live = false;
    a.live.erase(data);
    a.used -= block.bytes;
    a.freed.push_back(data);
    a.freed_bytes += block.bytes + 2 * redzone;
    ASAN_UNPOISON_MEMORY_REGION(data, block.bytes);
    std::memset(data, poison, block.bytes);
    ASAN_POISON_MEMORY_REGION(data, block.bytes);
    trace_set_state(data, block.bytes, ByteState::freed);
    drop_old_pages();
}

bool is_device_address(const void* address) {
    const char* p = static_cast<const char*>(address);
    return p >= arena().base && p < arena().base + reserved;
}

bool starts_block(const void* address) {
    return arena().live.count(static_cast<char*>(const_cast<void*>(address))) > 0;
}

std::string describe_device_address(const void* address) {
    Arena& a = arena();
    const char* p = static_cast<const char*>(address);
    if (!is_device_address(p)) return "host memory";
    auto it = a.blocks.upper_bound(const_cast<char*>(p));
    if (it != a.blocks.end() && (it == a.blocks.begin() || p >= it->first - redzone))
        return text_of("%td bytes before block %zu (%zu bytes%s)", it->first - p, it->second.number, it->second.bytes,
                       it->second.live ? "" : ", freed");
    if (it == a.blocks.begin()) return "device memory that was never allocated";
    --it;
    const Block& block = it->second;
    const ptrdiff_t offset = p - it->first, size = static_cast<ptrdiff_t>(block.bytes);
    const char* state = block.live ? "" : ", freed";
    if (offset < size) return text_of("byte %td of block %zu (%zu bytes%s)", offset, block.number, block.bytes, state);
    return text_of("%td bytes past the end of block %zu (%zu bytes%s)", offset - size, block.number, block.bytes,
                   state);
}

std::string outside_live_block(const void* address, size_t bytes) {
    Arena& a = arena();
    const char* p = static_cast<const char*>(address);
    if (!is_device_address(p)) return "not device memory";
    auto it = a.live.upper_bound(const_cast<char*>(p));
    if (it != a.live.begin()) {
        --it;
        if (p + bytes <= it->first + it->second) return "";
    }
    return text_of("%zu bytes from %s", bytes, describe_device_address(address).c_str());
}

const char* device_memory_start() { return arena().base; }
size_t device_memory_reserved() { return reserved; }
size_t device_memory_used() { return arena().used; }
size_t device_memory_limit() { return arena().limit; }
void set_device_memory(size_t bytes) { arena().limit = bytes; }
size_t live_blocks() { return arena().live.size(); }

void check_redzones(const std::string& after) {
    for (const auto& [data, bytes] : arena().live) {
        const size_t tail = rounded(bytes, redzone) - bytes + redzone;
        const char* side = !intact(data - redzone, redzone) ? "before the start"
                           : !intact(data + bytes, tail)    ? "past the end"
                                                            : nullptr;
        if (!side) continue;
        report("redzone", text_of("after %s: something was written %s of block %zu (%zu bytes)", after.c_str(), side,
                                  arena().blocks[data].number, bytes));
        fill_zone(data - redzone, redzone);
        fill_zone(data + bytes, tail);
    }
}

OpenDeviceMemory::OpenDeviceMemory() {
    Arena& a = arena();
    if (a.open++ > 0) return;
    a.opened = ranges_in_use();
    for (const auto& [from, bytes] : a.opened)
        if (mprotect(from, bytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    for (const auto& [from, bytes] : a.to_poison) {
        char* data = from + redzone;
        const size_t size = a.blocks.at(data).bytes;
        fill_zone(from, redzone);
        std::memset(data, poison, size);
        fill_zone(data + size, bytes - redzone - size);
        ASAN_POISON_MEMORY_REGION(from, bytes);
        ASAN_UNPOISON_MEMORY_REGION(data, size);
        if (a.live.count(data)) trace_set_state(data, size, ByteState::uninitialised);
    }
    a.to_poison.clear();
}

OpenDeviceMemory::~OpenDeviceMemory() {
    Arena& a = arena();
    if (--a.open > 0) return;
    for (const auto& [from, bytes] : a.opened) mprotect(from, bytes, PROT_NONE);
}

void begin_shared(size_t bytes) {
    if (!shared.memory) {
        void* memory =
            mmap(nullptr, dynamic_shared_limit + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        shared.memory = static_cast<char*>(memory);
    }
    shared.bytes = bytes;
    ASAN_UNPOISON_MEMORY_REGION(shared.memory, bytes + shared_guard);
    std::memset(shared.memory, poison, bytes);
    fill_zone(shared.memory + bytes, shared_guard);
    ASAN_POISON_MEMORY_REGION(shared.memory + bytes, shared_guard);
}

void end_shared() {
    if (!intact(shared.memory + shared.bytes, shared_guard))
        report("redzone",
               text_of("kernel %s, block %u: something was written past its %zu bytes of dynamic shared memory",
                       full_name(*position.kernel).c_str(), position.block, shared.bytes));
}

bool is_dynamic_shared(const void* address) {
    const char* p = static_cast<const char*>(address);
    return p >= shared.memory && p < shared.memory + dynamic_shared_limit;
}

const char* dynamic_shared_start() { return shared.memory; }

void* dynamic_shared(size_t alignment) {
    if (alignment > 16) report("rules", where() + ": dynamic shared memory is aligned to 16 bytes at most");
    return shared.memory;
}

}  // namespace gpu::emulated
