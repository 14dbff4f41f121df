// Layer norm, log-sum-exp.
#include "tensor/ops.h"

namespace astro {

Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, double offset) {
    constexpr double kEpsilon = 1e-6;
    ASTRO_CHECK(x.rank() >= 1 && gain.defined() == bias.defined(), "layer_norm: x is ", x.shape(),
                "; gain and bias go together");
    const int64_t width = x.dim(-1), rows = x.shape().product(0, x.rank() - 1);
    const int64_t groups = gain.defined() ? gain.shape().product(0, gain.rank() - 1) : 1;
    ASTRO_CHECK(width > 0 && (rows == 0 || (groups > 0 && rows % groups == 0)) &&
                    (!gain.defined() || (gain.dim(-1) == width && bias.shape() == gain.shape())),
                "layer_norm: x is ", x.shape(), ", gain ", gain.defined() ? gain.shape() : Shape{}, ", bias ",
                bias.defined() ? bias.shape() : Shape{});
    Backend& backend = x.backend();
    Tensor y(backend, x.dtype(), x.shape());
    Tensor mean(backend, x.dtype(), Shape{rows}), rstd(backend, x.dtype(), Shape{rows});
    if (!gain.defined()) offset = 1;
    backend.layer_norm(x.dtype(), rows, width, groups, kEpsilon, offset, x.raw(), gain.defined() ? gain.raw() : nullptr,
                       bias.defined() ? bias.raw() : nullptr, y.raw(), mean.raw(), rstd.raw());
    if (Tape* tape = recording({x, gain, bias})) {
        tape->record("layer_norm", y, {x, gain}, [=](Tape& t, const Tensor& gy) {
            Tensor gx(x.backend(), x.dtype(), x.shape()), ggain, gbias;
            if (gain.defined() && t.wants(gain)) ggain = Tensor(x.backend(), x.dtype(), gain.shape());
            if (bias.defined() && t.wants(bias)) gbias = Tensor(x.backend(), x.dtype(), bias.shape());
            x.backend().layer_norm_grad(x.dtype(), rows, width, groups, offset, x.raw(),
                                        gain.defined() ? gain.raw() : nullptr, mean.raw(), rstd.raw(), gy.raw(),
                                        gx.raw(), ggain.defined() ? ggain.raw() : nullptr,
                                        gbias.defined() ? gbias.raw() : nullptr);
            t.add(x, gx);
            if (ggain.defined()) t.add(gain, ggain);
            if (gbias.defined()) t.add(bias, gbias);
        });
    }
    return y;
}

Tensor logsumexp(const Tensor& x) {
    ASTRO_CHECK(x.rank() >= 1 && x.dim(-1) > 0, "logsumexp: the last axis of ", x.shape(), " is empty");
    const int64_t columns = x.dim(-1), rows = x.shape().product(0, x.rank() - 1);
    Shape shape;
    for (int i = 0; i + 1 < x.rank(); ++i) shape.push_back(x.dim(i));
    Tensor y(x.backend(), x.dtype(), shape), softmax(x.backend(), x.dtype(), x.shape());
    x.backend().logsumexp(x.dtype(), rows, columns, x.raw(), softmax.raw(), y.raw());
    if (Tape* tape = recording({x})) {
        tape->record("logsumexp", y, {}, [x, softmax, rows, columns](Tape& t, const Tensor& gy) {
            t.add(x, mul(softmax.reshape(Shape{rows, columns}), gy.reshape(Shape{rows, 1})));
        });
    }
    return y;
}

}  // namespace astro
