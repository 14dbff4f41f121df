// Computes the strides for broadcasting.
#pragma once

#include "tensor/backend.h"
#include "tensor/shape.h"

namespace astro {

// The traversal of arrays of shapes a and b, both of which broadcast to `shape`. Adjacent axes are merged where the
// strides of both arrays allow it, so that the innermost loop is as long as possible.
inline Traversal traversal(const Shape& shape, const Shape& a, const Shape& b) {
    int64_t sizes[6], a_step[6], b_step[6];
    int64_t a_run = 1, b_run = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
        int ia = i - (shape.rank() - a.rank()), ib = i - (shape.rank() - b.rank());
        int64_t sa = ia < 0 ? 1 : a[ia], sb = ib < 0 ? 1 : b[ib];
        sizes[i] = shape[i];
        a_step[i] = sa == 1 ? 0 : a_run;
        b_step[i] = sb == 1 ? 0 : b_run;
        a_run *= sa, b_run *= sb;
    }
    Traversal t;
    for (int i = 0; i < shape.rank(); ++i) {
        if (sizes[i] == 1) continue;
        int last = t.rank - 1;
        if (t.rank > 0 && t.a_step[last] == a_step[i] * sizes[i] && t.b_step[last] == b_step[i] * sizes[i]) {
            t.sizes[last] *= sizes[i];
            t.a_step[last] = a_step[i], t.b_step[last] = b_step[i];
            continue;
        }
        t.sizes[t.rank] = sizes[i], t.a_step[t.rank] = a_step[i], t.b_step[t.rank] = b_step[i];
        ++t.rank;
    }
    if (t.rank == 0) t.rank = 1, t.sizes[0] = 1;
    return t;
}

}  // namespace astro
