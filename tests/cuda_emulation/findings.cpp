#include "tests/cuda_emulation/findings.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace gpu::emulated {

namespace {

constexpr size_t most_printed = 20;  // every thread of a launch may report the same defect

struct Findings {
    std::vector<Finding> kept;
    size_t printed = 0;
    bool error = false;
    ~Findings() {
        if (kept.empty()) return;
        std::fprintf(stderr, "emulation: %zu findings\n", kept.size());
        std::fflush(nullptr);
        _exit(1);
    }
};

Findings& findings() {
    static Findings all;
    return all;
}

}  // namespace

void report(const std::string& kind, const std::string& message) {
    Findings& all = findings();
    all.error = true;
    for (const Finding& finding : all.kept)
        if (finding.kind == kind && finding.message == message) return;
    if (all.printed++ < most_printed) std::fprintf(stderr, "emulation: %s: %s\n", kind.c_str(), message.c_str());
    all.kept.push_back({kind, message});
}

std::vector<Finding> take_findings() {
    std::vector<Finding> taken;
    taken.swap(findings().kept);
    findings().error = false;
    findings().printed = 0;
    return taken;
}

bool take_error() {
    const bool error = findings().error;
    findings().error = false;
    return error;
}

std::string text_of(const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

}  // namespace gpu::emulated
