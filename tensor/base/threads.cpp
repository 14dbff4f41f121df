#include "tensor/base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "tensor/base/error.h"
#include "tensor/base/processors.h"

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
    int to_join = 0;  // workers that may still join the current job
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
                wake.wait(lock, [&] { return stop || (generation != seen && to_join > 0); });
                if (stop) return;
                seen = generation;
                --to_join;
            }
            work();
            std::lock_guard<std::mutex> lock(mutex);
            if (--busy == 0) done.notify_one();
        }
    }
};

ThreadPool::ThreadPool(int threads) : state_(new State) {
    ASTRO_CHECK(threads >= 1, "ThreadPool: threads must be at least 1, got ", threads);
    try {
        for (int i = 1; i < threads; ++i) state_->workers.emplace_back([this] { state_->loop(); });
    } catch (const std::system_error&) {
        // A limit on processes or memory has been reached. The result does not depend on the number of threads.
    }
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
    // A job of few items wakes as many workers; the others stay asleep.
    const int joining = static_cast<int>(std::min(items - 1, static_cast<int64_t>(s.workers.size())));
    {
        std::lock_guard<std::mutex> lock(s.mutex);
        s.body = &body;
        s.items = items;
        s.next = 0;
        s.error = nullptr;
        s.busy = s.to_join = joining;
        ++s.generation;
        // Under the mutex, so that no worker that has finished this job is waiting yet and takes a notification.
        if (joining == static_cast<int>(s.workers.size()))
            s.wake.notify_all();
        else
            for (int i = 0; i < joining; ++i) s.wake.notify_one();
    }
    s.work();
    spin_until([&] { return s.busy == 0; });
    std::unique_lock<std::mutex> lock(s.mutex);
    s.done.wait(lock, [&] { return s.busy == 0; });
    if (s.error) std::rethrow_exception(s.error);
}

int ThreadPool::available() {
    static const int processors = usable_processors();
    return processors;
}

int ThreadPool::usable(int64_t requested) {
    return requested <= 0 ? available() : static_cast<int>(std::min<int64_t>(requested, available()));
}

}  // namespace astro
