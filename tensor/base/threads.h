// A fixed pool of threads that runs the items of an index range.
//
// Goals: work is cut by the caller into items whose number is a property of the work, never of the machine,
// so that results do not depend on the number of threads. Exceptions cross back to the caller.
// Non-goals: nesting (a body that calls run() again runs its items itself, in order), task graphs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace astro {

class ThreadPool {
  public:
    // threads: total number that work, the calling one included; at least 1.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const;

    // Calls body(i) once for each i in [0, items), on any thread, and returns when all are done.
    // If bodies throw, the exception of the lowest failing item is rethrown here.
    void run(int64_t items, const std::function<void(int64_t)>& body);

    // Threads this process may run on (respects the affinity mask).
    static int available();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace astro
