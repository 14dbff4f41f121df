// Switchable stacks. A switch takes about 15 ns, a hundredth of the time of the system's functions.
#pragma once

#include <cstddef>

namespace gpu::emulated {

// A separate stack that executes `body` when it is entered. `body` must never return.
class Fiber {
  public:
    void prepare(char* stack, size_t bytes, void (*body)());
    void restart();       // discards its state
    void enter();         // from the scheduler; returns when the fiber leaves
    static void leave();  // from the running fiber back to the scheduler
    static Fiber* current();
    void run_body() { body_(); }

  private:
    void* stack_pointer_ = nullptr;
    char* stack_ = nullptr;
    size_t bytes_ = 0;
    void (*body_)() = nullptr;
    void* fake_stack_ = nullptr;  // AddressSanitizer's
};

// The pool: 1024 fibers (one for each thread of the largest block) with a guard page each, made on first use.
Fiber& pooled_fiber(int index, void (*body)());

}  // namespace gpu::emulated
