#include "tensor/base/threads.h"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "tensor/base/error.h"

namespace astro {

namespace {

thread_local bool inside_run = false;

// Busy-waits for a short time before the caller blocks. A training step calls run() every few hundred microseconds, and
// waking a blocked thread takes tens of microseconds.
template <class Done>
bool spin_until(Done done) {
    for (int i = 0; i < 4000; ++i) {
        if (done()) return true;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    return done();
}

}  // namespace

struct ThreadPool::State {
    std::mutex mutex;
    std::condition_variable wake, done;
    std::vector<std::thread> workers;
    const std::function<void(int64_t)>* body = nullptr;
    int64_t items = 0;
    std::atomic<int64_t> next{0};
    // Modified under the mutex, but read without it while spinning.
    std::atomic<int> busy{0};             // workers that have not yet finished the current job
    std::atomic<uint64_t> generation{0};  // number of the current job, so that each worker joins a job once
    std::atomic<bool> stop{false};
    std::exception_ptr error;
    int64_t error_item = 0;

    void work() {
        inside_run = true;
        for (;;) {
            int64_t item = next.fetch_add(1, std::memory_order_relaxed);
            if (item >= items) break;
            try {
                (*body)(item);
            } catch (...) {
                std::lock_guard<std::mutex> lock(mutex);
                if (!error || item < error_item) {
                    error = std::current_exception();
                    error_item = item;
                }
            }
        }
        inside_run = false;
    }

    void loop() {
        uint64_t seen = 0;
        for (;;) {
            spin_until([&] { return stop || generation != seen; });
            {
                std::unique_lock<std::mutex> lock(mutex);
                wake.wait(lock, [&] { return stop || generation != seen; });
                if (stop) return;
                seen = generation;
            }
            work();
            std::lock_guard<std::mutex> lock(mutex);
            if (--busy == 0) done.notify_one();
        }
    }
};

ThreadPool::ThreadPool(int threads) : state_(new State) {
    ASTRO_CHECK(threads >= 1, "ThreadPool: threads must be at least 1, got ", threads);
    for (int i = 1; i < threads; ++i) state_->workers.emplace_back([this] { state_->loop(); });
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard<std::mutex> lock(state_->mutex);
        state_->stop = true;
    }
    state_->wake.notify_all();
    for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::size() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run(int64_t items, const std::function<void(int64_t)>& body) {
    State& s = *state_;
    if (inside_run || s.workers.empty() || items <= 1) {
        for (int64_t i = 0; i < items; ++i) body(i);
        return;
    }
    {
        std::lock_guard<std::mutex> lock(s.mutex);
        s.body = &body;
        s.items = items;
        s.next = 0;
        s.error = nullptr;
        s.busy = static_cast<int>(s.workers.size());
        ++s.generation;
    }
    s.wake.notify_all();
    s.work();
    spin_until([&] { return s.busy == 0; });
    std::unique_lock<std::mutex> lock(s.mutex);
    s.done.wait(lock, [&] { return s.busy == 0; });
    if (s.error) std::rethrow_exception(s.error);
}

int ThreadPool::available() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    unsigned n = std::thread::hardware_concurrency();
    return n ? static_cast<int>(n) : 1;
}

}  // namespace astro
