#include "tensor/base/cleanup.h"

#include <unistd.h>

#include <atomic>

namespace astro {
namespace {

constexpr int kSlots = 1024;
std::atomic<const Cleanup*> slots[kSlots];
std::atomic<bool> ending{false};
static_assert(std::atomic<const Cleanup*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "locks are not allowed in signal handlers");

}  // namespace

Cleanup::Cleanup(void (*undo)(const void*), const void* what) : undo_(undo), what_(what), slot_(-1) {
    for (int i = 0; i < kSlots && slot_ < 0; ++i) {
        const Cleanup* empty = nullptr;
        if (slots[i].compare_exchange_strong(empty, this)) slot_ = i;
    }
}

Cleanup::~Cleanup() {
    if (slot_ >= 0) slots[slot_] = nullptr;
    while (ending) ::pause();  // clean_up() may have read the slot before, and may still use this object
}

void clean_up() {
    ending = true;
    for (const std::atomic<const Cleanup*>& slot : slots)
        if (const Cleanup* cleanup = slot) cleanup->undo_(cleanup->what_);
}

}  // namespace astro
