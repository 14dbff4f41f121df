// Memory of the CUDA backend: copies larger than the pinned buffers, their order, the allocator with and without cache.
#include "tensor/cuda/memory.h"
#include "tensor/ops.h"
#include "tests/cuda/both.h"

using namespace astro;

TEST_CASE("cuda copies: round trips of any size, in stream order") {
    const auto gpu = cuda_backend();
    for (int64_t n : {0, 1, 63, 2048, 20005}) {
        std::vector<double> values(static_cast<size_t>(n));
        for (size_t i = 0; i < values.size(); ++i) values[i] = double(i) * .5;
        Tensor x = Tensor::from(*gpu, Shape{n}, values);
        values.assign(values.size(), -1);  // the upload must not keep a pointer to the host array
        const Tensor copy = x.clone();
        x.fill(3);  // after the copy, in stream order
        const auto back = copy.to_vector<double>();
        bool right = true;
        for (size_t i = 0; i < back.size(); ++i) right = right && back[i] == double(i) * .5;
        CHECK(right);
    }
    // Many small copies wrap around in the pinned buffer before the device reads the first one.
    std::vector<Tensor> kept;
    for (int i = 0; i < 40; ++i) kept.push_back(Tensor::from(*gpu, Shape{1500}, std::vector<float>(1500, float(i))));
    for (int i = 0; i < 40; ++i) CHECK(mean(kept[size_t(i)]).item() == doctest::Approx(i));
}

namespace {

struct Counting : Allocator {
    using Allocator::Allocator;
    ~Counting() override { flush(); }
    std::vector<int64_t> asked;
    int released = 0;
    void* device_allocate(int64_t bytes) override {
        asked.push_back(bytes);
        return reinterpret_cast<void*>(asked.size() * 4096);
    }
    void device_release(void*) override { ++released; }
};

}  // namespace

TEST_CASE("cuda allocator: cached blocks are reused; without a cache every block has its exact size") {
    Counting cached(1 << 20), direct(0);
    void* a = cached.allocate(100);
    cached.release(a, 100);
    CHECK(cached.allocate(200) == a);
    CHECK(cached.asked == std::vector<int64_t>{512});
    CHECK(cached.released == 0);
    direct.release(direct.allocate(100), 100);
    direct.allocate(100);
    CHECK(direct.asked == std::vector<int64_t>{100, 100});
    CHECK(direct.released == 1);
    CHECK(direct.stats().in_use == 100);
    CHECK(direct.stats().peak == 100);
}

TEST_CASE("cuda allocator: blocks of captures are reserved, shared by captures, released with the last one") {
    Counting memory(1 << 20);
    void* outside = memory.allocate(600);
    memory.begin_capture();
    void* a = memory.allocate(100);
    void* b = memory.allocate(100);
    memory.release(a, 100);
    CHECK(memory.allocate(50) == a);  // within a capture, released blocks are reused
    memory.release(a, 50);
    CHECK(memory.stats().reserved == 512);
    memory.release(outside, 600);  // this block does not belong to the capture
    CHECK(memory.stats().cached == 1024);
    CHECK_FALSE(memory.end_capture());  // b is in use
    memory.release(b, 100);
    CHECK(memory.stats().reserved == 512);
    CHECK(memory.allocate(600) == outside);
    CHECK(memory.allocate(100) == b);  // it has become an ordinary block
    CHECK(memory.allocate(100) != a);
    memory.begin_capture();
    CHECK(memory.allocate(100) == a);  // captures are replayed one after another
    memory.release(a, 100);
    CHECK(memory.end_capture());
    memory.drop_capture();
    CHECK(memory.stats().reserved == 512);
    memory.drop_capture();
    CHECK(memory.stats().reserved == 0);
    CHECK(memory.stats().cached == 512);
    CHECK(memory.allocate(100) == a);
    CHECK(memory.released == 0);
}
