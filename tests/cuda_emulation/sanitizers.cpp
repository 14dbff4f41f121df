// Converts reports of the address and undefined-behaviour sanitizers to findings. The program continues.
#include <cstdint>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/scheduler.h"

extern "C" {

// Fibers are incompatible with the sanitizer's fake stacks. Memory is intentionally kept until the end of the process.
const char* __asan_default_options();
const char* __asan_default_options() {
    return "halt_on_error=0:detect_stack_use_after_return=0:detect_leaks=0:suppress_equal_pcs=0";
}

void __asan_on_error();
void __asan_on_error() {
    gpu::emulated::report("bounds", gpu::emulated::where() + ": the address sanitizer's report follows");
}

void __ubsan_on_report();
void __ubsan_on_report() {
    gpu::emulated::report("undefined", gpu::emulated::where() + ": the sanitizer's report is beside this");
}

}  // extern "C"
