// What the emulator's checks found: defects of the program under test, not of the emulator.
//
// A finding is printed and kept; the next synchronising call of the runtime then returns
// cudaErrorLaunchFailure. A process that ends with findings nobody took exits with status 1 (99 for a fault
// that cannot be survived).
#pragma once

#include <string>
#include <vector>

namespace gpu::emulated {

struct Finding {
    std::string kind;     // one or two words: "barrier", "race", "redzone", ...
    std::string message;  // kernel, block, thread, source line
};

void report(const std::string& kind, const std::string& message);
std::vector<Finding> take_findings();  // and forgets them
bool take_error();                     // whether something was found since the last call

std::string text_of(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace gpu::emulated
