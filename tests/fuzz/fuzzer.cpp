// libFuzzer's entry for one target: compiled once each with -DTARGET=json, ...
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    astro::fuzz::TARGET(bytes, size);
    return 0;
}
