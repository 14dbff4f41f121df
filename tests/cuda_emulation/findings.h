// Findings of the emulator: defects of the program under test.
//
// A finding is printed and stored. The next synchronising call of the runtime then returns cudaErrorLaunchFailure. A
// process that ends with findings that were not taken exits with status 1 (99 for a fatal fault).
#pragma once

#include <string>
#include <vector>

namespace gpu::emulated {

struct Finding {
    std::string kind;     // one or two words: "barrier", "race", "redzone", ...
    std::string message;  // kernel, block, thread, source line
};

void report(const std::string& kind, const std::string& message);
std::vector<Finding> take_findings();  // and clears the list
bool take_error();                     // whether something was found since the last call

std::string text_of(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace gpu::emulated
