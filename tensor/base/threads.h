// A fixed pool of threads that processes the items of an index range.
//
// Callers split work into a number of items that depends on the work and never on the machine, so that results do not
// depend on the number of threads. Exceptions are passed to the caller. Nested calls do not run in parallel: a body
// that calls run() processes those items itself, in order. There are no task graphs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace astro {

class ThreadPool {
  public:
    // threads: number of working threads, including the calling one; at least 1. If the system refuses to start that
    // many, the pool has fewer, and size() says how many.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const;

    // Calls body(i) once for each i in [0, items), on any thread, and returns when all calls have finished.
    // If calls throw, the exception of the lowest failing i is rethrown.
    void run(int64_t items, const std::function<void(int64_t)>& body);

    // Number of processors that this process may use (tensor/base/processors.h).
    static int available();

    // Number of threads for a requested number; 0 requests all. At most available(), because more threads than
    // processors only wait for one another.
    static int usable(int64_t requested);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace astro
