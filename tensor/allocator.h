// A caching allocator with statistics: freed blocks are kept by size and reused.
//
// Sizes are rounded up (512 B steps below 1 MiB, 2 MiB steps above) so that blocks fit again. When the cache
// grows past its limit it is emptied; when the device is out of memory it is emptied and tried once more. With a limit
// of 0 nothing is kept or rounded up: tools that check every access need each block for itself.
//
// Work that is captured and replayed finds the same addresses each time. Blocks that are asked for during a capture
// come from a reserve that no one else gets anything from, until the last capture is gone. Captures share it: they are
// replayed one after another, and nothing in it outlives the work that asked for it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace astro {

// No memory is left; `what` says how much was asked for and how much is in use.
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
        int64_t reserved = 0;                      // for captures, in use by none just now
    };

    explicit Allocator(int64_t cache_limit) : cache_limit_(cache_limit) {}
    virtual ~Allocator() = default;

    // 64-byte aligned at least; bytes > 0. Throws OutOfMemory where the device has no memory left.
    void* allocate(int64_t bytes);
    void release(void* block, int64_t bytes);
    // Gives all cached blocks back to the device, not within a capture; derived destructors call it, too.
    void flush();
    Stats stats() const;

    void begin_capture();
    bool end_capture();   // false where a block that was asked for since is still in use
    void drop_capture();  // of those begun; the reserve is given back with the last one

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
