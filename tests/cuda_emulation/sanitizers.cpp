// What the address and undefined-behaviour sanitizers find becomes a finding like any other, and the program
// goes on.
#include <cstdint>

#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/scheduler.h"

extern "C" {

// Fibers don't fit the sanitizer's fake stacks; memory is kept to the end of the process on purpose.
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
