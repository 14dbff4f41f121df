#include "tensor/allocator.h"

#include "tensor/base/error.h"

namespace astro {

namespace {

int64_t rounded(int64_t bytes, int64_t cache_limit) {
    if (cache_limit == 0) return bytes;
    int64_t step = bytes < (1 << 20) ? 512 : (2 << 20);
    return (bytes + step - 1) / step * step;
}

}  // namespace

OutOfMemory::OutOfMemory(int64_t asked, int64_t in_use)
    : words_(text("out of memory: ", (asked + (1 << 20) - 1) >> 20, " MiB requested while ", in_use >> 20,
                  " MiB are in use; hint: use a smaller batch, or on a GPU fewer --threads (they train in parallel)")) {
}

void* Allocator::allocate(int64_t bytes) {
    const int64_t size = rounded(bytes, cache_limit_);
    std::lock_guard<std::mutex> lock(mutex_);
    // With a limit of 0 blocks are never reused; the reserve only delays their release.
    void* block = capturing_ && cache_limit_ > 0 ? take(reserve_, size) : nullptr;
    if (block) {
        stats_.reserved -= size;
    } else if ((block = take(cache_, size))) {
        stats_.cached -= size;
    } else {
        block = device_allocate(size);
        if (!block && !capturing_) {  // memory cannot be returned to the device during a capture
            flush_locked();
            block = device_allocate(size);
        }
        if (!block) throw OutOfMemory(size, stats_.in_use);
    }
    if (capturing_) captured_.insert(block);
    stats_.in_use += size;
    if (stats_.in_use > stats_.peak) stats_.peak = stats_.in_use;
    return block;
}

void Allocator::release(void* block, int64_t bytes) {
    const int64_t size = rounded(bytes, cache_limit_);
    std::lock_guard<std::mutex> lock(mutex_);
    stats_.in_use -= size;
    if (captured_.erase(block) > 0 && captures_ > 0) {
        stats_.reserved += size;
        reserve_[size].push_back(block);
        return;
    }
    if (cache_limit_ == 0) return device_release(block);
    stats_.cached += size;
    cache_[size].push_back(block);
    if (stats_.cached > cache_limit_ && !capturing_) flush_locked();
}

void* Allocator::take(std::map<int64_t, std::vector<void*>>& from, int64_t size) {
    const auto it = from.find(size);
    if (it == from.end() || it->second.empty()) return nullptr;
    void* block = it->second.back();
    it->second.pop_back();
    return block;
}

void Allocator::begin_capture() {
    std::lock_guard<std::mutex> lock(mutex_);
    ASTRO_CHECK(!capturing_, "allocator: a capture within a capture");
    ++captures_;
    capturing_ = true;
}

bool Allocator::end_capture() {
    std::lock_guard<std::mutex> lock(mutex_);
    capturing_ = false;
    const bool kept_nothing = captured_.empty();
    captured_.clear();  // blocks that are still in use become ordinary blocks
    return kept_nothing;
}

void Allocator::drop_capture() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--captures_ > 0) return;
    for (auto& [size, blocks] : reserve_)
        for (void* block : blocks) {
            if (cache_limit_ == 0) {
                device_release(block);
            } else {
                cache_[size].push_back(block);
                stats_.cached += size;
            }
        }
    reserve_.clear();
    stats_.reserved = 0;
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
