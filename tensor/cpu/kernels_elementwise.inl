// Elementwise kernels, broadcasting, optimiser arithmetic. Part of kernels_impl.inl.
namespace astro::cpu {
namespace ASTRO_ISA {

template <class T>
void copy_rows(int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y, int64_t y_stride, bool accumulate) {
    for (int64_t r = 0; r < rows; ++r) {
        const T* from = x + r * x_stride;
        T* to = y + r * y_stride;
        if (accumulate)
            for (int64_t c = 0; c < columns; ++c) to[c] += from[c];
        else
            for (int64_t c = 0; c < columns; ++c) to[c] = from[c];
    }
}

template <class Op, class T>
void unary_loop(int64_t n, const T* x, T p, T q, T* y) {
    for (int64_t i = 0; i < n; ++i) y[i] = Op::f(x[i], p, q);
}

template <class Op, class T>
void unary_grad_loop(int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx) {
    for (int64_t i = 0; i < n; ++i) gx[i] = gy[i] * Op::df(x[i], y[i], p, q);
}

template <class T>
void unary(UnaryOp op, int64_t n, const T* x, T p, T q, T* y) {
    visit_unary(op, [&](auto formula) { unary_loop<decltype(formula)>(n, x, p, q, y); });
}

template <class T>
void unary_grad(UnaryOp op, int64_t n, const T* x, const T* y, const T* gy, T p, T q, T* gx) {
    visit_unary(op, [&](auto formula) { unary_grad_loop<decltype(formula)>(n, x, y, gy, p, q, gx); });
}

// Computes y = f(z) and replaces z by f'(z). Common subexpressions are computed once.
template <class Op, class T>
void unary_and_slope_loop(int64_t n, T* z, T* y) {
    for (int64_t i = 0; i < n; ++i) {
        const T value = Op::f(z[i], T(0), T(0)), slope = Op::df(z[i], value, T(0), T(0));
        y[i] = value, z[i] = slope;
    }
}

template <class T>
void unary_and_slope(UnaryOp op, int64_t n, T* z, T* y) {
    visit_unary(op, [&](auto formula) { unary_and_slope_loop<decltype(formula)>(n, z, y); });
}

// Calls inner(i, offset in a, offset in b) for the start of each innermost row; i is the index of the dense element.
template <class Inner>
void walk(const Traversal& t, Inner inner) {
    const int last = t.rank - 1;
    for (int axis = 0; axis < t.rank; ++axis)
        if (t.sizes[axis] == 0) return;
    int64_t at[6] = {}, dense = 0, a = 0, b = 0;
    for (;;) {
        inner(dense, a, b);
        dense += t.sizes[last];
        int axis = last - 1;
        for (; axis >= 0; --axis) {  // advance the indices of the outer axes
            a += t.a_step[axis], b += t.b_step[axis];
            if (++at[axis] < t.sizes[axis]) break;
            a -= t.a_step[axis] * t.sizes[axis], b -= t.b_step[axis] * t.sizes[axis];
            at[axis] = 0;
        }
        if (axis < 0) return;
    }
}

// y[i] = f(a[.], b[.], i). The innermost strides are 0 or 1. Each case has its own loop, so that compilers vectorise
// it.
template <class T, class F>
void binary_walk(const Traversal& t, const T* a, const T* b, T* y, F f) {
    const int last = t.rank - 1;
    const int64_t n = t.sizes[last];
    const bool a_moves = t.a_step[last] != 0, b_moves = t.b_step[last] != 0;
    walk(t, [&](int64_t i, int64_t ia, int64_t ib) {
        const T *pa = a + ia, *pb = b + ib;
        T* py = y + i;
        if (a_moves && b_moves)
            for (int64_t j = 0; j < n; ++j) py[j] = f(pa[j], pb[j], i + j);
        else if (a_moves)
            for (int64_t j = 0; j < n; ++j) py[j] = f(pa[j], pb[0], i + j);
        else if (b_moves)
            for (int64_t j = 0; j < n; ++j) py[j] = f(pa[0], pb[j], i + j);
        else
            for (int64_t j = 0; j < n; ++j) py[j] = f(pa[0], pb[0], i + j);
    });
}

template <class T>
void binary(BinaryOp op, const Traversal& t, const T* a, const T* b, T* y) {
    visit_binary(op,
                 [&](auto formula) { binary_walk(t, a, b, y, [=](T u, T v, int64_t) { return formula.f(u, v); }); });
}

template <class T>
void binary_grad(BinaryOp op, const Traversal& t, const T* a, const T* b, const T* gy, bool second, T* g) {
    visit_binary(op, [&](auto formula) {
        if (second)
            binary_walk(t, a, b, g, [=](T u, T v, int64_t i) { return gy[i] * formula.db(u, v); });
        else
            binary_walk(t, a, b, g, [=](T u, T v, int64_t i) { return gy[i] * formula.da(u, v); });
    });
}

template <class T>
void sum_to(const Traversal& t, const T* x, T* y) {
    const int last = t.rank - 1;
    const int64_t n = t.sizes[last];
    const bool moves = t.b_step[last] != 0;
    walk(t, [&](int64_t i, int64_t, int64_t ib) {
        if (moves)
            for (int64_t j = 0; j < n; ++j) y[ib + j] += x[i + j];
        else
            y[ib] += sum_of(n, x + i);
    });
}

template <class T>
void adam(int64_t n, const AdamStep<T>& given, const T* g, T* w, T* m, T* v) {
    const AdamStep<T> step = given;  // a local copy, which the arrays cannot alias
    for (int64_t i = 0; i < n; ++i) step(g[i], w[i], m[i], v[i]);
}

template <class T>
void lerp(int64_t n, T rate, const T* towards, T* y) {
    for (int64_t i = 0; i < n; ++i) y[i] = lerp_of(y[i], towards[i], rate);
}

template <class T>
double sum_of_squares(int64_t n, const T* x) {
    double lane[8] = {};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; ++j) lane[j] += double(x[i + j]) * double(x[i + j]);
    for (int j = 0; i < n; ++i, ++j) lane[j] += double(x[i]) * double(x[i]);
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

}  // namespace ASTRO_ISA
}  // namespace astro::cpu
