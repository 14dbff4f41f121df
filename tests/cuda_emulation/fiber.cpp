#include "tests/cuda_emulation/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

// Saves the callee-saved registers and the stack pointer, and loads those of the other stack.
extern "C" void astro_switch_stack(void** save, void* load);
asm(R"(
.text
.globl astro_switch_stack
.type astro_switch_stack, @function
astro_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size astro_switch_stack, .-astro_switch_stack
)");

namespace gpu::emulated {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t stack_bytes = 256 * 1024;
#else
constexpr size_t stack_bytes = 64 * 1024;
#endif
constexpr size_t page = 4096;
constexpr int pool_size = 1024;

struct Switching {
    Fiber* current = nullptr;
    void* scheduler_pointer = nullptr;
    void* scheduler_fake_stack = nullptr;
    const void* scheduler_stack = nullptr;
    size_t scheduler_bytes = 0;
} switching;

// The entry point of a new fiber.
void start() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &switching.scheduler_stack, &switching.scheduler_bytes);
#endif
    Fiber::current()->run_body();
    std::abort();
}

}  // namespace

void Fiber::prepare(char* stack, size_t bytes, void (*body)()) {
    stack_ = stack;
    bytes_ = bytes;
    body_ = body;
    restart();
}

void Fiber::restart() {
    fake_stack_ = nullptr;
    // Six registers, then the address that `ret` takes. A function expects rsp % 16 == 8 when it starts.
    uint64_t* top = reinterpret_cast<uint64_t*>(stack_ + bytes_ - 64);
    for (int i = 0; i < 6; ++i) top[i] = 0;
    top[6] = reinterpret_cast<uint64_t>(&start);
    top[7] = 0;
    stack_pointer_ = top;
}

void Fiber::enter() {
    switching.current = this;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&switching.scheduler_fake_stack, stack_, bytes_);
#endif
    astro_switch_stack(&switching.scheduler_pointer, stack_pointer_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(switching.scheduler_fake_stack, nullptr, nullptr);
#endif
    switching.current = nullptr;
}

void Fiber::leave() {
    Fiber* fiber = switching.current;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fiber->fake_stack_, switching.scheduler_stack, switching.scheduler_bytes);
#endif
    astro_switch_stack(&fiber->stack_pointer_, switching.scheduler_pointer);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fiber->fake_stack_, &switching.scheduler_stack, &switching.scheduler_bytes);
#endif
}

Fiber* Fiber::current() { return switching.current; }

Fiber& pooled_fiber(int index, void (*body)()) {
    static Fiber* fibers = nullptr;
    static bool prepared[pool_size];
    static char* stacks = nullptr;
    if (!fibers) {
        fibers = new Fiber[pool_size];
        void* memory = mmap(nullptr, (stack_bytes + page) * pool_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        stacks = static_cast<char*>(memory);
    }
    Fiber& fiber = fibers[index];
    if (!prepared[index]) {
        char* guard = stacks + static_cast<size_t>(index) * (stack_bytes + page);
        mprotect(guard, page, PROT_NONE);
        fiber.prepare(guard + page, stack_bytes, body);
        prepared[index] = true;
    }
    return fiber;
}

}  // namespace gpu::emulated
