// The formulas of all elementwise ops and their derivatives, shared by all backends.
//
// A unary op is a struct with f(x, p, q) and df(x, y, p, q), where y = f(x) and p, q are the op's constants (scale and
// shift, bounds, ...). The lists at the end generate the enums, the names and the dispatch.
#pragma once

#include <cmath>
#include <cstdint>

#include "tensor/base/error.h"
#include "tensor/host_device.h"

namespace astro {

// exp for f32 by range reduction and a polynomial of degree 6. The relative error is below 2.6e-7 if the result is a
// normal number. Larger results become infinity and smaller ones 0 (no denormals); NaN stays NaN. There are no
// branches, so compilers vectorise it; they do not vectorise std::exp.
ASTRO_HOST_DEVICE inline float fast_exp(float x) {
    constexpr float kMin = -87.3365402f, kMax = 88.7228317f;  // the range of x for which exp(x) is a normal number
    const float shifted = x * 1.44269504f + 12582912.0f;      // adding 1.5 * 2^23 rounds to the nearest integer
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts: r in [-.35, .35]
    float series = 1.3888889e-3f;
    series = series * r + 8.3333333e-3f;
    series = series * r + 4.1666667e-2f;
    series = series * r + 1.6666667e-1f;
    series = series * r + 0.5f;
    series = series * r + 1.0f;
    series = series * r + 1.0f;
    // Multiply by 2^n by adding n to the exponent bits. The low bits of `shifted` hold n. If x is out of range, the
    // result is meaningless; it is replaced below.
    uint32_t bits, power;
    __builtin_memcpy(&bits, &series, 4);
    __builtin_memcpy(&power, &shifted, 4);
    bits += power << 23;
    float y;
    __builtin_memcpy(&y, &bits, 4);
    y = x < kMin ? 0.0f : y;
    return x <= kMax ? y : x * 3.40282347e38f;  // infinity, or NaN
}
ASTRO_HOST_DEVICE inline double fast_exp(double x) { return std::exp(x); }

template <class T>
ASTRO_HOST_DEVICE T sigmoid_of(T x) {
    return T(1) / (T(1) + fast_exp(-x));
}

namespace unary_formula {

struct Affine {  // p x + q
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T p, T q) {
        return p * x + q;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T, T p, T) {
        return p;
    }
};
struct Exp {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return fast_exp(x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T y, T, T) {
        return y;
    }
};
struct Log {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return std::log(x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        return T(1) / x;
    }
};
struct Sqrt {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return std::sqrt(x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T y, T, T) {
        return T(0.5) / y;
    }
};
struct Square {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x * x;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        return T(2) * x;
    }
};
struct Abs {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x < 0 ? -x : x;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        return x > 0 ? T(1) : (x < 0 ? T(-1) : T(0));
    }
};
struct Relu {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x > 0 ? x : T(0);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        return x > 0 ? T(1) : T(0);
    }
};
struct Tanh {  // 2 sigmoid(2x) - 1: absolute error < 2e-7 in f32
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return T(2) * sigmoid_of(T(2) * x) - T(1);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T y, T, T) {
        return T(1) - y * y;
    }
};
struct Silu {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x * sigmoid_of(x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        T s = sigmoid_of(x);
        return s + x * s * (T(1) - s);
    }
};
struct Gelu {  // tanh form: x/2 (1 + tanh(sqrt(2/pi)(x + .044715 x^3))) = x sigmoid(2 sqrt(2/pi)(...))
    template <class T>
    ASTRO_HOST_DEVICE static T inner(T x) {
        return T(1.5957691216057308) * (x + T(0.044715) * x * x * x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return x * sigmoid_of(inner(x));
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        T s = sigmoid_of(inner(x));
        return s + x * s * (T(1) - s) * T(1.5957691216057308) * (T(1) + T(0.134145) * x * x);
    }
};
struct Softplus {  // log(1 + e^x), without overflow for large |x|
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T, T) {
        return (x > 0 ? x : T(0)) + std::log1p(fast_exp(x > 0 ? -x : x));
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T, T) {
        return sigmoid_of(x);
    }
};
struct Clamp {  // to [p, q]; the derivative is 0 outside
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T p, T q) {
        return x < p ? p : (x > q ? q : x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T x, T, T p, T q) {
        return x < p || x > q ? T(0) : T(1);
    }
};
struct ClampThrough {  // to [p, q]; straight-through: the derivative is 1 by definition (docs/method.md 8.3)
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T p, T q) {
        return x < p ? p : (x > q ? q : x);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T, T, T) {
        return T(1);
    }
};
struct Heaviside {  // p if x >= 0, else q; used for the weights of expectile regression
    template <class T>
    ASTRO_HOST_DEVICE static T f(T x, T p, T q) {
        return x >= 0 ? p : q;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T df(T, T, T, T) {
        return T(0);
    }
};

}  // namespace unary_formula

namespace binary_formula {

// f(a, b) and its partial derivatives da, db.
struct Add {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T a, T b) {
        return a + b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T da(T, T) {
        return T(1);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T db(T, T) {
        return T(1);
    }
};
struct Sub {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T a, T b) {
        return a - b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T da(T, T) {
        return T(1);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T db(T, T) {
        return T(-1);
    }
};
struct Mul {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T a, T b) {
        return a * b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T da(T, T b) {
        return b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T db(T a, T) {
        return a;
    }
};
struct Div {
    template <class T>
    ASTRO_HOST_DEVICE static T f(T a, T b) {
        return a / b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T da(T, T b) {
        return T(1) / b;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T db(T a, T b) {
        return -a / (b * b);
    }
};
struct Minimum {  // ties: the gradient goes to a
    template <class T>
    ASTRO_HOST_DEVICE static T f(T a, T b) {
        return b < a ? b : a;
    }
    template <class T>
    ASTRO_HOST_DEVICE static T da(T a, T b) {
        return b < a ? T(0) : T(1);
    }
    template <class T>
    ASTRO_HOST_DEVICE static T db(T a, T b) {
        return b < a ? T(1) : T(0);
    }
};

}  // namespace binary_formula

// X(enumerator, struct, name)
// clang-format off
#define ASTRO_UNARY_OPS(X)                          \
    X(affine, Affine, "affine")                     \
    X(exp, Exp, "exp")                              \
    X(log, Log, "log")                              \
    X(sqrt, Sqrt, "sqrt")                           \
    X(square, Square, "square")                     \
    X(abs, Abs, "abs")                              \
    X(relu, Relu, "relu")                           \
    X(tanh, Tanh, "tanh")                           \
    X(silu, Silu, "silu")                           \
    X(gelu, Gelu, "gelu")                           \
    X(softplus, Softplus, "softplus")               \
    X(clamp, Clamp, "clamp")                        \
    X(clamp_through, ClampThrough, "clamp_through") \
    X(heaviside, Heaviside, "heaviside")
#define ASTRO_BINARY_OPS(X)        \
    X(add, Add, "add")             \
    X(sub, Sub, "sub")             \
    X(mul, Mul, "mul")             \
    X(div, Div, "div")             \
    X(minimum, Minimum, "minimum")
// clang-format on

#define ASTRO_ENUMERATOR(enumerator, Struct, name) enumerator,
enum class UnaryOp { ASTRO_UNARY_OPS(ASTRO_ENUMERATOR) };
enum class BinaryOp { ASTRO_BINARY_OPS(ASTRO_ENUMERATOR) };
#undef ASTRO_ENUMERATOR

#define ASTRO_NAME(enumerator, Struct, name) name,
inline const char* op_name(UnaryOp op) {
    static const char* const names[] = {ASTRO_UNARY_OPS(ASTRO_NAME)};
    return names[static_cast<int>(op)];
}
inline const char* op_name(BinaryOp op) {
    static const char* const names[] = {ASTRO_BINARY_OPS(ASTRO_NAME)};
    return names[static_cast<int>(op)];
}
#undef ASTRO_NAME

// Calls f(Struct{}) with the struct of the op.
ASTRO_CALLS_EITHER
template <class F>
ASTRO_HOST_DEVICE void visit_unary(UnaryOp op, F&& f) {
    switch (op) {
#define ASTRO_CASE(enumerator, Struct, name) \
    case UnaryOp::enumerator:                \
        return f(unary_formula::Struct{});
        ASTRO_UNARY_OPS(ASTRO_CASE)
#undef ASTRO_CASE
    }
}
ASTRO_CALLS_EITHER
template <class F>
ASTRO_HOST_DEVICE void visit_binary(BinaryOp op, F&& f) {
    switch (op) {
#define ASTRO_CASE(enumerator, Struct, name) \
    case BinaryOp::enumerator:               \
        return f(binary_formula::Struct{});
        ASTRO_BINARY_OPS(ASTRO_CASE)
#undef ASTRO_CASE
    }
}

}  // namespace astro
