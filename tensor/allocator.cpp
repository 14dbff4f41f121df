#include "tensor/allocator.h"

#include <new>

namespace astro {

namespace {

int64_t rounded(int64_t bytes, int64_t cache_limit) {
    if (cache_limit == 0) return bytes;
    int64_t step = bytes < (1 << 20) ? 512 : (2 << 20);
    return (bytes + step - 1) / step * step;
}

}  // namespace

void* Allocator::allocate(int64_t bytes) {
    const int64_t size = rounded(bytes, cache_limit_);
    std::lock_guard<std::mutex> lock(mutex_);
    void* block = nullptr;
    auto it = cache_.find(size);
    if (it != cache_.end() && !it->second.empty()) {
        block = it->second.back();
        it->second.pop_back();
        stats_.cached -= size;
    } else {
        block = device_allocate(size);
        if (!block) {
            flush_locked();
            block = device_allocate(size);
        }
        if (!block) throw std::bad_alloc();
    }
    stats_.in_use += size;
    if (stats_.in_use > stats_.peak) stats_.peak = stats_.in_use;
    return block;
}

void Allocator::release(void* block, int64_t bytes) {
    const int64_t size = rounded(bytes, cache_limit_);
    std::lock_guard<std::mutex> lock(mutex_);
    stats_.in_use -= size;
    if (cache_limit_ == 0) return device_release(block);
    stats_.cached += size;
    cache_[size].push_back(block);
    if (stats_.cached > cache_limit_) flush_locked();
}

Allocator::Stats Allocator::stats() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return stats_;
}

void Allocator::flush() {
    std::lock_guard<std::mutex> lock(mutex_);
    flush_locked();
}

void Allocator::flush_locked() {
    for (auto& [size, blocks] : cache_) {
        for (void* block : blocks) device_release(block);
        stats_.cached -= size * static_cast<int64_t>(blocks.size());
        blocks.clear();
    }
}

}  // namespace astro
