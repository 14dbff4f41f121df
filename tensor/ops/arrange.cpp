// Ops that move elements: concat, slice, gather, repeat, and running sums.
#include "tensor/ops.h"

namespace astro {

Tensor concat(const std::vector<Tensor>& parts, int axis) {
    ASTRO_CHECK(!parts.empty(), "concat: no parts");
    axis = parts[0].shape().wrap(axis);
    Shape shape = parts[0].shape();
    int64_t total = 0;
    for (const Tensor& part : parts) {
        Shape same = part.shape();
        ASTRO_CHECK(part.rank() == shape.rank() && part.dtype() == parts[0].dtype(), "concat: ", part.shape(),
                    " beside ", shape);
        same.set(axis, shape[axis]);
        ASTRO_CHECK(same == shape, "concat: ", part.shape(), " beside ", shape, " along axis ", axis);
        total += part.dim(axis);
    }
    shape.set(axis, total);
    const int64_t outer = shape.product(0, axis), inner = shape.product(axis + 1, shape.rank());
    Tensor y(parts[0].backend(), parts[0].dtype(), shape);
    Backend& backend = y.backend();
    const int64_t size = dtype_size(y.dtype());
    int64_t at = 0;
    for (const Tensor& part : parts) {
        const int64_t columns = part.dim(axis) * inner;
        backend.copy_rows(y.dtype(), outer, columns, part.raw(), columns,
                          static_cast<char*>(y.raw()) + at * inner * size, total * inner, false);
        at += part.dim(axis);
    }
    Tape* tape = nullptr;
    for (const Tensor& part : parts)
        if (!tape) tape = recording({part});
    if (tape) {
        tape->record("concat", y, {}, [parts, axis](Tape& t, const Tensor& gy) {
            int64_t start = 0;
            for (const Tensor& part : parts) {
                if (t.wants(part)) t.add(part, slice(gy, axis, start, part.dim(axis)));
                start += part.dim(axis);
            }
        });
    }
    return y;
}

Tensor slice(const Tensor& x, int axis, int64_t start, int64_t count) {
    axis = x.shape().wrap(axis);
    ASTRO_CHECK(start >= 0 && count >= 0 && start + count <= x.dim(axis), "slice: [", start, ", ", start + count,
                ") of axis ", axis, " of ", x.shape());
    Shape shape = x.shape();
    shape.set(axis, count);
    const int64_t outer = shape.product(0, axis), inner = shape.product(axis + 1, shape.rank());
    const int64_t size = dtype_size(x.dtype()), x_stride = x.dim(axis) * inner;
    Tensor y(x.backend(), x.dtype(), shape);
    x.backend().copy_rows(x.dtype(), outer, count * inner, static_cast<const char*>(x.raw()) + start * inner * size,
                          x_stride, y.raw(), count * inner, false);
    if (Tape* tape = recording({x})) {
        tape->record("slice", y, {}, [=](Tape& t, const Tensor& gy) {
            Tensor gx = Tensor::zeros(x.backend(), x.dtype(), x.shape());
            x.backend().copy_rows(x.dtype(), outer, count * inner, gy.raw(), count * inner,
                                  static_cast<char*>(gx.raw()) + start * inner * size, x_stride, false);
            t.add(x, gx);
        });
    }
    return y;
}

Tensor gather_rows(const Tensor& x, const Tensor& index) {
    ASTRO_CHECK(x.rank() >= 1 && index.rank() == 1 && index.dtype() == DType::i64, "gather_rows: x is ", x.shape(),
                ", index is ", dtype_name(index.dtype()), " ", index.shape(), ", expected i64 of rank 1");
    const int64_t n = index.dim(0), width = x.shape().product(1, x.rank());
    Shape shape = x.shape();
    shape.set(0, n);
    Tensor y(x.backend(), x.dtype(), shape);
    x.backend().gather_rows(x.dtype(), n, width, x.raw(), index.data<int64_t>(), y.raw());
    if (Tape* tape = recording({x})) {
        tape->record("gather_rows", y, {index}, [x, index, n, width](Tape& t, const Tensor& gy) {
            Tensor gx = Tensor::zeros(x.backend(), x.dtype(), x.shape());
            x.backend().scatter_add_rows(x.dtype(), n, width, gy.raw(), index.data<int64_t>(), gx.raw());
            t.add(x, gx);
        });
    }
    return y;
}

Tensor repeat_rows(const Tensor& x, int64_t times) {
    ASTRO_CHECK(x.rank() == 2 && times >= 0, "repeat_rows: expected a matrix, got ", x.shape());
    const Shape shape{x.dim(0), times, x.dim(1)};
    return add(x.reshape(Shape{x.dim(0), 1, x.dim(1)}), Tensor::zeros(x.backend(), x.dtype(), shape));
}

Tensor cumsum(const Tensor& x, int axis) {
    axis = x.shape().wrap(axis);
    const int64_t outer = x.shape().product(0, axis), length = x.dim(axis);
    const int64_t inner = x.shape().product(axis + 1, x.rank());
    Tensor y(x.backend(), x.dtype(), x.shape());
    x.backend().cumsum(x.dtype(), outer, length, inner, false, x.raw(), y.raw());
    if (Tape* tape = recording({x})) {
        tape->record("cumsum", y, {}, [=](Tape& t, const Tensor& gy) {
            Tensor gx(x.backend(), x.dtype(), x.shape());
            x.backend().cumsum(x.dtype(), outer, length, inner, true, gy.raw(), gx.raw());  // sums from the end
            t.add(x, gx);
        });
    }
    return y;
}

}  // namespace astro
