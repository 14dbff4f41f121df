// Euclidean distances, between all pairs and row by row.
#include "tensor/ops.h"

namespace astro {

Tensor pairwise_distance(const Tensor& a, const Tensor& b, double floor) {
    ASTRO_CHECK(a.rank() == 2 && b.rank() == 2 && a.dim(1) == b.dim(1) && a.dtype() == b.dtype(),
                "pairwise_distance: expected (n, w) and (m, w), got ", a.shape(), " and ", b.shape());
    const int64_t n = a.dim(0), m = b.dim(0), width = a.dim(1);
    Tensor y(a.backend(), a.dtype(), Shape{n, m});
    a.backend().pairwise_distance(a.dtype(), n, m, width, floor, a.raw(), b.raw(), y.raw());
    if (Tape* tape = recording({a, b})) {
        Tensor kept = y.detach();
        tape->record("pairwise_distance", y, {a, b}, [=](Tape& t, const Tensor& gy) {
            Tensor ga(a.backend(), a.dtype(), a.shape()), gb(a.backend(), a.dtype(), b.shape());
            a.backend().pairwise_distance_grad(a.dtype(), n, m, width, floor, a.raw(), b.raw(), kept.raw(), gy.raw(),
                                               ga.raw(), gb.raw());
            t.add(a, ga);
            t.add(b, gb);
        });
    }
    return y;
}

Tensor row_distance(const Tensor& a, const Tensor& b, double floor) {
    return sqrt(clamp(sum(square(a - b), -1), floor, 1e30));
}

}  // namespace astro
