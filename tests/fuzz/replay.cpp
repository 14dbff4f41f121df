// Replays inputs of a fuzz target: fuzz_replay TARGET FILE... The last line is "N passed, N failed".
#include <cstdio>
#include <map>
#include <string>

#include "data/file.h"
#include "tests/fuzz/targets.h"

int main(int argc, char** argv) {
    const std::map<std::string, void (*)(const uint8_t*, size_t)> targets = {
        {"npy", astro::fuzz::npy},
        {"npz", astro::fuzz::npz},
        {"json", astro::fuzz::json},
        {"config", astro::fuzz::config},
        {"command_line", astro::fuzz::command_line}};
    const auto target = argc > 1 ? targets.find(argv[1]) : targets.end();
    if (target == targets.end()) {
        std::fprintf(stderr, "usage: fuzz_replay npy|npz|json|config|command_line FILE...\n");
        return 2;
    }
    int passed = 0, failed = 0;
    for (int i = 2; i < argc; ++i) {
        try {
            const std::string input = astro::data::read_text_file(argv[i]);
            target->second(reinterpret_cast<const uint8_t*>(input.data()), input.size());
            ++passed;
        } catch (const std::exception& error) {
            std::printf("FAILED: %s %s: %s\n", argv[1], argv[i], error.what());
            ++failed;
        }
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
