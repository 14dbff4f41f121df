// The thread pool, and the number of processors that a process may use.
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "temporary_folder.h"
#include "tensor/base/processors.h"
#include "tensor/base/threads.h"

using namespace astro;

namespace {

void write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content << "\n";
}

}  // namespace

TEST_CASE("threads: each item is processed once, whatever the number of threads and items") {
    for (int threads : {1, 2, 3, 64})
        for (int64_t items : {0, 1, 2, 3, 7, 1000}) {
            ThreadPool pool(threads);
            CHECK(pool.size() == threads);
            for (int repeat = 0; repeat < 20; ++repeat) {
                std::vector<std::atomic<int>> calls(static_cast<size_t>(items));
                pool.run(items, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
                for (const auto& count : calls) REQUIRE(count == 1);
            }
        }
}

TEST_CASE("threads: a job of two items occupies two of many threads") {
    ThreadPool pool(16);
    std::set<std::thread::id> seen;
    std::mutex mutex;
    std::atomic<int> arrived{0};
    pool.run(2, [&](int64_t) {
        {
            const std::lock_guard<std::mutex> lock(mutex);
            seen.insert(std::this_thread::get_id());
        }
        ++arrived;
        while (arrived < 2) std::this_thread::yield();  // both items are in work at the same time
    });
    CHECK(seen.size() == 2);
}

TEST_CASE("threads: at most one for each processor") {
    CHECK(ThreadPool::usable(0) == ThreadPool::available());
    CHECK(ThreadPool::usable(1) == 1);
    CHECK(ThreadPool::usable(1024) == ThreadPool::available());
}

TEST_CASE("processors: the least quota of a control group and of those above it") {
    const TemporaryFolder folder;
    const std::string mount = folder.path;
    CHECK_FALSE(processor_quota("0::/job/step\n", mount).has_value());
    write(mount + "/job/step/cpu.max", "max 100000");
    CHECK_FALSE(processor_quota("0::/job/step\n", mount).has_value());
    write(mount + "/job/cpu.max", "350000 100000");
    CHECK(processor_quota("0::/job/step\n", mount) == 4);
    write(mount + "/job/step/cpu.max", "50000 100000");
    CHECK(processor_quota("0::/job/step\n", mount) == 1);
    // The path of the host, seen from inside a container: the mounted folder is the container's own group.
    write(mount + "/cpu.max", "200000 100000");
    CHECK(processor_quota("0::/elsewhere\n", mount) == 2);
    CHECK(processor_quota("0::/\n", mount) == 2);
    CHECK_FALSE(processor_quota("nonsense\n1:memory:/job\n", mount).has_value());
}

TEST_CASE("processors: quotas of the first version of control groups") {
    const TemporaryFolder folder;
    const std::string mount = folder.path;
    write(mount + "/cpu,cpuacct/slurm/cpu.cfs_quota_us", "-1");
    write(mount + "/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000");
    CHECK_FALSE(processor_quota("4:cpu,cpuacct:/slurm\n", mount).has_value());
    write(mount + "/cpu,cpuacct/slurm/cpu.cfs_quota_us", "250000");
    CHECK(processor_quota("4:cpu,cpuacct:/slurm\n", mount) == 3);
    write(mount + "/cpu/slurm/cpu.cfs_quota_us", "150000");
    write(mount + "/cpu/slurm/cpu.cfs_period_us", "100000");
    CHECK(processor_quota("4:cpu,cpuacct:/slurm\n", mount) == 2);
}
