// Matrix products and linear layers.
#include "tensor/ops.h"
#include "tensor/ops/packed_weights.h"

namespace astro {

namespace {

// Adds op(a) op(b) to the gradient of x: in place for parameters, via a new tensor otherwise.
void add_product(Tape& tape, const Tensor& x, const Tensor& a, bool ta, const Tensor& b, bool tb, int64_t m, int64_t n,
                 int64_t k) {
    Backend& backend = x.backend();
    int64_t lda = ta ? m : k, ldb = tb ? k : n;
    if (const Tape::Place place = tape.place_of(x); place.gradient) {
        backend.gemm(x.dtype(), ta, tb, m, n, k, a.raw(), lda, b.raw(), ldb, place.gradient->raw(), n,
                     place.accumulate);
        return;
    }
    Tensor g(backend, x.dtype(), x.shape());
    backend.gemm(x.dtype(), ta, tb, m, n, k, a.raw(), lda, b.raw(), ldb, g.raw(), n, false);
    tape.add(x, g);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool ta, bool tb) {
    ASTRO_CHECK(a.rank() == 2 && b.rank() == 2 && a.dtype() == b.dtype(),
                "matmul: expected two matrices of one type, got ", dtype_name(a.dtype()), " ", a.shape(), " and ",
                dtype_name(b.dtype()), " ", b.shape());
    const int64_t m = a.dim(ta ? 1 : 0), k = a.dim(ta ? 0 : 1), n = b.dim(tb ? 0 : 1);
    ASTRO_CHECK(k == b.dim(tb ? 1 : 0), "matmul: inner sizes differ: a is ", a.shape(), ta ? " transposed" : "",
                ", b is ", b.shape(), tb ? " transposed" : "");
    Tensor y(a.backend(), a.dtype(), Shape{m, n});
    a.backend().gemm(a.dtype(), ta, tb, m, n, k, a.raw(), a.dim(1), b.raw(), b.dim(1), y.raw(), n, false);
    if (Tape* tape = recording({a, b})) {
        tape->record("matmul", y, {a, b}, [a, b, ta, tb, m, n, k](Tape& t, const Tensor& gy) {
            // y = op(a) op(b): the gradient of op(a) is gy op(b)^T, that of op(b) is op(a)^T gy. The gradients of a and
            // b are the transposes of these if the operand was transposed.
            if (t.wants(a)) {
                if (ta)
                    add_product(t, a, b, tb, gy, true, k, m, n);
                else
                    add_product(t, a, gy, false, b, !tb, m, k, n);
            }
            if (t.wants(b)) {
                if (tb)
                    add_product(t, b, gy, true, a, ta, n, k, m);
                else
                    add_product(t, b, a, !ta, gy, false, k, n, m);
            }
        });
    }
    return y;
}

namespace {

void check_linear(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    ASTRO_CHECK(x.rank() >= 1 && weight.rank() == 2 && x.dim(-1) == weight.dim(0) && bias.rank() == 1 &&
                    bias.dim(0) == weight.dim(1) && x.dtype() == weight.dtype(),
                op, ": x is ", dtype_name(x.dtype()), " ", x.shape(), ", weight ", weight.shape(), ", bias ",
                bias.shape());
}

// Backward pass of z = x W + b, given the gradient of y = f(z) and slope = f'(z) (undefined if y = z):
// gz = gy f'(z), db = sum of gz over rows, dx = gz W^T, dW = x^T gz.
void linear_backward(Tape& t, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& gy,
                     const Tensor& slope) {
    const int64_t in = weight.dim(0), out = weight.dim(1), rows = x.shape().product(0, x.rank() - 1);
    Tensor gz = slope.defined() ? Tensor(gy.backend(), gy.dtype(), gy.shape()) : gy;
    const bool bias_too = t.wants(bias);
    Tape::Place place = bias_too ? t.place_of(bias) : Tape::Place{};
    Tensor gbias = !bias_too        ? Tensor()
                   : place.gradient ? *place.gradient
                                    : Tensor(bias.backend(), bias.dtype(), bias.shape());
    if (slope.defined() || bias_too)
        gy.backend().linear_grad(gy.dtype(), rows, out, gy.raw(), slope.defined() ? slope.raw() : nullptr, gz.raw(),
                                 bias_too ? gbias.raw() : nullptr, place.accumulate);
    if (bias_too && !place.gradient) t.add(bias, gbias);
    if (t.wants(x)) {
        Tensor gx(x.backend(), x.dtype(), x.shape());
        x.backend().linear(x.dtype(), rows, in, out, gz.raw(), PackedWeights::of(weight, true).raw(), true, nullptr,
                           nullptr, nullptr, gx.raw());
        t.add(x, gx);
    }
    if (t.wants(weight)) add_product(t, weight, x, true, gz, false, in, out, rows);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const UnaryOp* activation) {
    check_linear("linear", x, weight, bias);
    const int64_t in = weight.dim(0), out = weight.dim(1), rows = x.shape().product(0, x.rank() - 1);
    Shape shape = x.shape();
    shape.set(-1, out);
    Tensor y(x.backend(), x.dtype(), shape), slope;  // y = f(z), z = x W + b; f'(z) is kept for the gradient
    Tape* tape = recording({x, weight, bias});
    if (tape && activation) slope = Tensor(x.backend(), x.dtype(), shape);
    x.backend().linear(x.dtype(), rows, out, in, x.raw(), PackedWeights::of(weight, false).raw(), false, bias.raw(),
                       activation, slope.defined() ? slope.raw() : nullptr, y.raw());
    if (tape) {
        tape->record("linear", y, {x, weight}, [x, weight, bias, slope](Tape& t, const Tensor& gy) {
            linear_backward(t, x, weight, bias, gy, slope);
        });
    }
    return y;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) { return linear(x, weight, bias, nullptr); }

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, UnaryOp activation) {
    return linear(x, weight, bias, &activation);
}

Tensor gated_linear(const Tensor& x, const Tensor& gate, const Tensor& h, const Tensor& weight, const Tensor& bias) {
    check_linear("gated_linear", h, weight, bias);
    const int64_t in = weight.dim(0), out = weight.dim(1), rows = h.shape().product(0, h.rank() - 1);
    const int64_t groups = gate.rank() == 2 ? gate.dim(0) : 0;
    Shape shape = h.shape();
    shape.set(-1, out);
    ASTRO_CHECK(x.shape() == shape && x.dtype() == h.dtype() && gate.dtype() == h.dtype() && gate.rank() == 2 &&
                    gate.dim(1) == out && (rows == 0 || (groups > 0 && rows % groups == 0)),
                "gated_linear: x is ", dtype_name(x.dtype()), " ", x.shape(), ", gate ", gate.shape(),
                ", the linear layer's result ", dtype_name(h.dtype()), " ", shape);
    Backend& backend = x.backend();
    Tensor y(backend, x.dtype(), x.shape()), z;  // y = x + gate z, z = h W + b; z is kept for the gate's gradient
    Tape* tape = recording({x, gate, h, weight, bias});
    if (tape && tape->wants(gate)) z = Tensor(backend, x.dtype(), x.shape());
    backend.gated_linear(x.dtype(), rows, out, in, groups, h.raw(), PackedWeights::of(weight, false).raw(), bias.raw(),
                         x.raw(), gate.raw(), z.defined() ? z.raw() : nullptr, y.raw());
    if (tape) {
        tape->record("gated_linear", y, {gate, h, weight}, [=](Tape& t, const Tensor& gy) {
            // dx = gy, dz = gate gy, dgate = sum of gy z over the rows of a group. dz is then the gradient of the
            // output of the linear layer.
            t.add(x, gy);
            if (!z.defined() && !t.wants(h) && !t.wants(weight) && !t.wants(bias)) return;
            Tensor gz(x.backend(), x.dtype(), x.shape()), ggate;
            if (z.defined()) ggate = Tensor(x.backend(), x.dtype(), gate.shape());
            x.backend().gated_linear_grad(x.dtype(), rows, out, groups, gate.raw(), z.defined() ? z.raw() : nullptr,
                                          gy.raw(), z.defined() ? ggate.raw() : nullptr, gz.raw());
            if (z.defined()) t.add(gate, ggate);
            linear_backward(t, h, weight, bias, gz, Tensor());
        });
    }
    return y;
}

}  // namespace astro
