// The timings of the self-test at tiny sizes: all operations can be recorded and replayed.
#include <set>

#include "apps/selftest/kernel_timings.h"
#include "tests/cuda/both.h"
#include "tests/cuda_emulation/streams.h"

using namespace astro;

TEST_CASE("cuda timings: all operations are timed as replays, with lower bounds if the peak rates are known") {
    app::TimingSizes tiny;
    tiny.batch = 2, tiny.tokens = 4, tiny.width = 16, tiny.heads = 2, tiny.square = 20, tiny.points = 5;
    tiny.parameters = 300, tiny.calls = 2, tiny.rounds = 1;
    const auto gpu = cuda_backend();
    DevicePeaks peaks;
    REQUIRE(cuda_peaks(peaks));
    const uint64_t before = gpu::emulated::counters().graph_launches;
    const auto timings = app::time_kernels(*gpu, peaks, tiny);
    CHECK(gpu::emulated::counters().graph_launches - before == 2 * timings.size());  // a warm-up round and one more
    std::set<std::string> names;
    for (const app::KernelTiming& t : timings) {
        INFO(t.name);
        CHECK(t.milliseconds > 0);
        CHECK(t.roofline_milliseconds > 0);
        CHECK(names.insert(t.name).second);
    }
    CHECK(timings.size() > 25);
    CHECK(app::time_kernels(*gpu, DevicePeaks(), tiny)[0].roofline_milliseconds == 0);
}
