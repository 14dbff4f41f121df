// Memory of a backend: blocks that the allocator caches for reuse, and their release.
#include <doctest/doctest.h>

#include "tensor/tensor.h"

using namespace astro;

TEST_CASE("memory: a flush releases cached blocks, and no block in use") {
    const auto backend = make_cpu_backend();
    const Tensor kept = Tensor::full(*backend, DType::f32, Shape{300}, 2);
    { const Tensor gone = Tensor::full(*backend, DType::f32, Shape{5000}, 3); }
    const Allocator::Stats before = backend->allocator().stats();
    CHECK(before.cached >= 20000);
    backend->allocator().flush();
    CHECK(backend->allocator().stats().cached == 0);
    CHECK(backend->allocator().stats().in_use == before.in_use);
    CHECK(kept.to_vector<float>() == std::vector<float>(300, 2));
}
