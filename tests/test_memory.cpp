// Memory of a backend: what its allocator keeps for reuse, and gives back when it is told to.
#include <doctest/doctest.h>

#include "tensor/tensor.h"

using namespace astro;

TEST_CASE("memory: a flush gives back what is kept for reuse, and nothing that is in use") {
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
