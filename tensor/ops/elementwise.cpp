// Elementwise ops of one and two arguments, and sums.
#include "tensor/ops.h"
#include "tensor/ops/traversal.h"

namespace astro {

namespace {

Tensor unary(UnaryOp op, const Tensor& x, double p = 0, double q = 0) {
    Tensor y(x.backend(), x.dtype(), x.shape());
    x.backend().unary(op, x.dtype(), x.numel(), x.raw(), p, q, y.raw());
    if (Tape* tape = recording({x})) {
        Tensor kept = y.detach();
        tape->record(op_name(op), y, {x}, [op, x, kept, p, q](Tape& t, const Tensor& gy) {
            Tensor gx(x.backend(), x.dtype(), x.shape());
            x.backend().unary_grad(op, x.dtype(), x.numel(), x.raw(), kept.raw(), gy.raw(), p, q, gx.raw());
            t.add(x, gx);
        });
    }
    return y;
}

// Sums g over the axes along which an operand of this shape was broadcast.
Tensor reduce_like(const Tensor& g, const Shape& shape) {
    if (g.shape() == shape) return g;
    Tensor y = Tensor::zeros(g.backend(), g.dtype(), shape);
    g.backend().sum_to(g.dtype(), traversal(g.shape(), g.shape(), shape), g.raw(), y.raw());
    return y;
}

Tensor binary(BinaryOp op, const Tensor& a, const Tensor& b) {
    ASTRO_CHECK(a.dtype() == b.dtype(), op_name(op), ": types differ: ", dtype_name(a.dtype()), " ", a.shape(), ", ",
                dtype_name(b.dtype()), " ", b.shape());
    Shape shape = broadcast(op_name(op), a.shape(), b.shape());
    Traversal t = traversal(shape, a.shape(), b.shape());
    Tensor y(a.backend(), a.dtype(), shape);
    a.backend().binary(op, a.dtype(), t, a.raw(), b.raw(), y.raw());
    if (Tape* tape = recording({a, b})) {
        const bool linear_op = op == BinaryOp::add || op == BinaryOp::sub;  // the gradient does not need a and b
        auto backward = [op, a, b, t](Tape& tp, const Tensor& gy) {
            for (bool second : {false, true}) {
                const Tensor& x = second ? b : a;
                if (!tp.wants(x)) continue;
                Tensor g = gy;
                if (op != BinaryOp::add && !(op == BinaryOp::sub && !second)) {
                    g = Tensor(gy.backend(), gy.dtype(), gy.shape());
                    gy.backend().binary_grad(op, gy.dtype(), t, a.raw(), b.raw(), gy.raw(), second, g.raw());
                }
                tp.add(x, reduce_like(g, x.shape()));
            }
        };
        if (linear_op)
            tape->record(op_name(op), y, {}, backward);
        else
            tape->record(op_name(op), y, {a, b}, backward);
    }
    return y;
}

}  // namespace

Tensor affine(const Tensor& x, double scale, double shift) { return unary(UnaryOp::affine, x, scale, shift); }
Tensor exp(const Tensor& x) { return unary(UnaryOp::exp, x); }
Tensor log(const Tensor& x) { return unary(UnaryOp::log, x); }
Tensor sqrt(const Tensor& x) { return unary(UnaryOp::sqrt, x); }
Tensor square(const Tensor& x) { return unary(UnaryOp::square, x); }
Tensor abs(const Tensor& x) { return unary(UnaryOp::abs, x); }
Tensor relu(const Tensor& x) { return unary(UnaryOp::relu, x); }
Tensor tanh(const Tensor& x) { return unary(UnaryOp::tanh, x); }
Tensor silu(const Tensor& x) { return unary(UnaryOp::silu, x); }
Tensor gelu(const Tensor& x) { return unary(UnaryOp::gelu, x); }
Tensor softplus(const Tensor& x) { return unary(UnaryOp::softplus, x); }
Tensor clamp(const Tensor& x, double low, double high) { return unary(UnaryOp::clamp, x, low, high); }
Tensor clamp_through(const Tensor& x, double low, double high) { return unary(UnaryOp::clamp_through, x, low, high); }
Tensor heaviside(const Tensor& x, double at_least_zero, double below_zero) {
    return unary(UnaryOp::heaviside, x, at_least_zero, below_zero);
}

Tensor add(const Tensor& a, const Tensor& b) { return binary(BinaryOp::add, a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return binary(BinaryOp::sub, a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return binary(BinaryOp::mul, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary(BinaryOp::div, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return binary(BinaryOp::minimum, a, b); }

Tensor sum_to(const Tensor& x, const Shape& shape) {
    ASTRO_CHECK(broadcast("sum_to", x.shape(), shape) == x.shape(), "sum_to: ", shape, " does not broadcast to ",
                x.shape());
    Tensor y = Tensor::zeros(x.backend(), x.dtype(), shape);
    x.backend().sum_to(x.dtype(), traversal(x.shape(), x.shape(), shape), x.raw(), y.raw());
    if (Tape* tape = recording({x})) {
        tape->record("sum_to", y, {}, [x](Tape& t, const Tensor& gy) {
            t.add(x, add(Tensor::zeros(x.backend(), x.dtype(), x.shape()), gy));  // gy broadcast back
        });
    }
    return y;
}

Tensor sum(const Tensor& x) { return sum_to(x, Shape{}); }

Tensor mean(const Tensor& x) {
    ASTRO_CHECK(x.numel() > 0, "mean: the tensor is empty: ", x.shape());
    return sum(x) * (1.0 / static_cast<double>(x.numel()));
}

Tensor sum(const Tensor& x, int axis) {
    axis = x.shape().wrap(axis);
    Shape kept = x.shape(), removed;
    kept.set(axis, 1);
    for (int i = 0; i < x.rank(); ++i)
        if (i != axis) removed.push_back(x.dim(i));
    return sum_to(x, kept).reshape(removed);
}

Tensor mean(const Tensor& x, int axis) {
    ASTRO_CHECK(x.dim(axis) > 0, "mean: axis ", axis, " of ", x.shape(), " is empty");
    return sum(x, axis) * (1.0 / static_cast<double>(x.dim(axis)));
}

}  // namespace astro
