// A caching allocator with statistics: freed blocks are kept by size and reused.
//
// Sizes are rounded up (to multiples of 512 B below 1 MiB, of 2 MiB above) so that a freed block fits later requests.
// The cache is emptied when it exceeds its limit. When the device is out of memory, the cache is emptied and the
// allocation is tried once more. A limit of 0 disables caching and rounding, for tools that check memory accesses.
//
// Captured work replays with the addresses it was recorded with. Blocks allocated during a capture therefore come from
// a separate reserve, which serves nothing else until the last capture is dropped. All captures share the reserve:
// they are replayed one after another, and no block outlives the work that allocated it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace astro {

// The device has no memory left. what() states how much was requested and how much is in use.
class OutOfMemory : public std::bad_alloc {
  public:
    OutOfMemory(int64_t asked, int64_t in_use);
    const char* what() const noexcept override { return words_.c_str(); }

  private:
    std::string words_;
};

class Allocator {
  public:
    struct Stats {
        int64_t in_use = 0, cached = 0, peak = 0;  // bytes; peak of in_use
        int64_t reserved = 0;                      // free blocks of the captures' reserve
    };

    explicit Allocator(int64_t cache_limit) : cache_limit_(cache_limit) {}
    virtual ~Allocator() = default;

    // Returns memory aligned to at least 64 bytes; bytes > 0. Throws OutOfMemory.
    void* allocate(int64_t bytes);
    void release(void* block, int64_t bytes);
    // Returns all cached blocks to the device. Not allowed during a capture. Destructors of derived classes call it.
    void flush();
    Stats stats() const;

    void begin_capture();
    bool end_capture();   // false if a block allocated during the capture is still in use
    void drop_capture();  // once per begin_capture; the last call releases the reserve

  protected:
    virtual void* device_allocate(int64_t bytes) = 0;  // null when out of memory
    virtual void device_release(void* block) = 0;

  private:
    void flush_locked();
    void* take(std::map<int64_t, std::vector<void*>>& from, int64_t size);

    mutable std::mutex mutex_;
    std::map<int64_t, std::vector<void*>> cache_;  // rounded size -> free blocks
    Stats stats_;
    int64_t cache_limit_;
    std::map<int64_t, std::vector<void*>> reserve_;  // rounded size -> free blocks
    std::set<void*> captured_;                       // blocks in use that belong to the reserve
    int captures_ = 0;
    bool capturing_ = false;
};

}  // namespace astro
