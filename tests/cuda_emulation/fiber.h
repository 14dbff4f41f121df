// Stacks that can be switched: about 15 ns a switch, a hundredth of the system's own way.
#pragma once

#include <cstddef>

namespace gpu::emulated {

// A stack of its own, on which `body` runs whenever something switches to it. `body` must never return.
class Fiber {
  public:
    void prepare(char* stack, size_t bytes, void (*body)());
    void restart();       // forgets what it was doing
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
