// The op table: cases for each op of ops.h, with sizes 0 and 1, odd sizes, and broadcasting.
#include "tensor/check/gradcheck.h"

namespace astro {

namespace {

using Inputs = std::vector<Tensor>;

std::vector<Shape> few_shapes() { return {{0}, {1}, {17}, {3, 5}, {2, 1, 33}}; }

void add_unary(std::vector<OpCase>& cases, const std::string& op, Tensor (*f)(const Tensor&), double low, double high,
               std::vector<double> kinks = {}) {
    for (const Shape& shape : few_shapes())
        cases.push_back({op, {shape}, [f](const Inputs& x) { return f(x[0]); }, low, high, kinks});
}

void add_binary(std::vector<OpCase>& cases, const std::string& op, Tensor (*f)(const Tensor&, const Tensor&),
                double low, double high) {
    const std::vector<std::pair<Shape, Shape>> pairs = {{{7}, {7}},
                                                        {{0}, {0}},
                                                        {{}, {}},
                                                        {{3, 5}, {}},
                                                        {{3, 5}, {5}},
                                                        {{3, 5}, {3, 1}},
                                                        {{1, 5}, {3, 1}},
                                                        {{2, 1, 4}, {3, 1}},
                                                        {{2, 3, 4}, {2, 1, 4}},
                                                        {{0, 4}, {4}},
                                                        {{2, 3, 33}, {1, 3, 33}}};
    for (const auto& [a, b] : pairs)
        cases.push_back({op, {a, b}, [f](const Inputs& x) { return f(x[0], x[1]); }, low, high});
}

}  // namespace

std::vector<OpCase> op_cases() {
    std::vector<OpCase> cases;
    auto add_case = [&](const char* op, std::vector<Shape> shapes, OpFunction f, double low = -2, double high = 2,
                        std::vector<double> kinks = {}) {
        cases.push_back({op, std::move(shapes), std::move(f), low, high, std::move(kinks)});
    };

    add_unary(cases, "exp", exp, -3, 3);
    add_unary(cases, "log", log, 0.1, 3);
    add_unary(cases, "sqrt", sqrt, 0.1, 3);
    add_unary(cases, "square", square, -2, 2);
    add_unary(cases, "abs", abs, -2, 2, {0});
    add_unary(cases, "relu", relu, -2, 2, {0});
    add_unary(cases, "tanh", tanh, -3, 3);
    add_unary(cases, "silu", silu, -5, 5);
    add_unary(cases, "gelu", gelu, -4, 4);
    add_unary(cases, "softplus", softplus, -5, 5);
    for (const Shape& shape : few_shapes()) {
        add_case("affine", {shape}, [](const Inputs& x) { return affine(x[0], -1.5, 0.25); });
        add_case("clamp", {shape}, [](const Inputs& x) { return clamp(x[0], -1, 0.5); }, -2, 2, {-1, 0.5});
        add_case("heaviside", {shape}, [](const Inputs& x) { return heaviside(x[0], 0.9, 0.1); }, -2, 2, {0});
        cases.push_back({"clamp_through", {shape}, [](const Inputs& x) { return clamp_through(x[0], -1, 1); }});
        cases.back().through = true;
    }

    add_binary(cases, "add", add, -2, 2);
    add_binary(cases, "sub", sub, -2, 2);
    add_binary(cases, "mul", mul, -2, 2);
    add_binary(cases, "div", div, 0.5, 2);
    add_binary(cases, "minimum", minimum, -2, 2);

    for (const Shape& shape : std::vector<Shape>{{1}, {17}, {3, 5}, {2, 3, 33}}) {
        add_case("sum", {shape}, [](const Inputs& x) { return sum(x[0]); });
        add_case("mean", {shape}, [](const Inputs& x) { return mean(x[0]); });
        add_case("sum", {shape}, [](const Inputs& x) { return sum(x[0], 0); });
        add_case("mean", {shape}, [](const Inputs& x) { return mean(x[0], -1); });
        add_case("logsumexp", {shape}, [](const Inputs& x) { return logsumexp(x[0]); });
        add_case("cumsum", {shape}, [](const Inputs& x) { return cumsum(x[0], 0); });
        add_case("cumsum", {shape}, [](const Inputs& x) { return cumsum(x[0], -1); });
    }
    add_case("sum", {{0}}, [](const Inputs& x) { return sum(x[0]); });
    add_case("sum_to", {{2, 3, 5}}, [](const Inputs& x) { return sum_to(x[0], {3, 1}); });
    add_case("sum_to", {{0, 5}}, [](const Inputs& x) { return sum_to(x[0], {5}); });
    add_case("cumsum", {{2, 4, 3}}, [](const Inputs& x) { return cumsum(x[0], 1); });
    add_case("cumsum", {{2, 0, 3}}, [](const Inputs& x) { return cumsum(x[0], 1); });

    for (int64_t m : {0, 1, 3, 13})
        for (int64_t k : {0, 1, 5})
            for (int64_t n : {1, 2, 35}) {
                add_case("matmul", {{m, k}, {k, n}}, [](const Inputs& x) { return matmul(x[0], x[1]); });
                add_case("linear", {{m, k}, {k, n}, {n}}, [](const Inputs& x) { return linear(x[0], x[1], x[2]); });
            }
    add_case("matmul", {{4, 3}, {4, 5}}, [](const Inputs& x) { return matmul(x[0], x[1], true); });
    add_case("matmul", {{3, 4}, {5, 4}}, [](const Inputs& x) { return matmul(x[0], x[1], false, true); });
    add_case("matmul", {{4, 3}, {5, 4}}, [](const Inputs& x) { return matmul(x[0], x[1], true, true); });
    add_case("linear", {{2, 3, 4}, {4, 5}, {5}}, [](const Inputs& x) { return linear(x[0], x[1], x[2]); });
    for (UnaryOp f : {UnaryOp::gelu, UnaryOp::silu, UnaryOp::tanh})
        for (int64_t n : {1, 16, 35})
            add_case("linear", {{7, 3}, {3, n}, {n}}, [f](const Inputs& x) { return linear(x[0], x[1], x[2], f); });
    add_case("linear", {{2, 0}, {0, 5}, {5}}, [](const Inputs& x) { return linear(x[0], x[1], x[2], UnaryOp::gelu); });

    const OpFunction gated = [](const Inputs& x) { return gated_linear(x[0], x[1], x[2], x[3], x[4]); };
    add_case("gated_linear", {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1}}, gated);
    add_case("gated_linear", {{6, 5}, {3, 5}, {6, 4}, {4, 5}, {5}}, gated);
    add_case("gated_linear", {{2, 3, 17}, {2, 17}, {2, 3, 7}, {7, 17}, {17}}, gated);
    add_case("gated_linear", {{0, 4}, {1, 4}, {0, 3}, {3, 4}, {4}}, gated);
    add_case("gated_linear", {{4, 3}, {2, 3}, {4, 0}, {0, 3}, {3}}, gated);
    add_case("gated_linear", {{3, 3}, {3, 3}, {3, 512}, {512, 3}, {3}}, gated, -0.5, 0.5);  // a long sum

    for (int64_t width : {1, 2, 16, 35}) {
        // Keep the standard deviation of each row away from 0. Otherwise the gradient is a small difference of terms of
        // size 1 / std, of which f32 retains few digits.
        auto apart = [width](const Tensor& x) {
            std::vector<double> steps;
            for (int64_t i = 0; i < width; ++i) steps.push_back(5.0 * static_cast<double>(i % 2));
            return x + Tensor::from(x.backend(), Shape{width}, steps).cast(x.dtype());
        };
        add_case("layer_norm", {{3, width}}, [apart](const Inputs& x) { return layer_norm(apart(x[0]), {}, {}); });
        add_case("layer_norm", {{4, width}, {width}, {width}},
                 [apart](const Inputs& x) { return layer_norm(apart(x[0]), x[1], x[2]); });
        add_case("layer_norm", {{2, 3, width}, {2, width}, {2, width}},
                 [apart](const Inputs& x) { return layer_norm(apart(x[0]), x[1], x[2], 1.0); });
    }
    add_case("layer_norm", {{0, 4}, {4}, {4}}, [](const Inputs& x) { return layer_norm(x[0], x[1], x[2]); });

    for (bool causal : {false, true})
        for (int64_t tokens : {1, 2, 17})
            add_case("attention", {{2, tokens, 3 * 2 * 3}},
                     [=](const Inputs& x) { return attention(x[0], 2, causal); });
    add_case("attention", {{0, 4, 6}}, [](const Inputs& x) { return attention(x[0], 1, true); });

    add_case("concat", {{2, 3}, {2, 1}, {2, 0}}, [](const Inputs& x) { return concat(x, 1); });
    add_case("concat", {{2, 3, 2}, {2, 1, 2}}, [](const Inputs& x) { return concat(x, -2); });
    add_case("slice", {{3, 5, 2}}, [](const Inputs& x) { return slice(x[0], 1, 1, 3); });
    add_case("slice", {{3, 5}}, [](const Inputs& x) { return slice(x[0], 0, 2, 0); });
    add_case("gather_rows", {{4, 3}}, [](const Inputs& x) {
        return gather_rows(x[0], Tensor::from(x[0].backend(), {5}, std::vector<int64_t>{3, 0, 3, 3, 1}));
    });
    add_case("gather_rows", {{4, 3}}, [](const Inputs& x) {
        return gather_rows(x[0], Tensor::from(x[0].backend(), {0}, std::vector<int64_t>{}));
    });
    add_case("repeat_rows", {{2, 3}}, [](const Inputs& x) { return repeat_rows(x[0], 4); });

    for (int64_t n : {1, 5})
        for (int64_t m : {1, 19})
            add_case("pairwise_distance", {{n, 3}, {m, 3}},
                     [](const Inputs& x) { return pairwise_distance(x[0], x[1], 1e-6); });
    add_case("pairwise_distance", {{0, 3}, {4, 3}},
             [](const Inputs& x) { return pairwise_distance(x[0], x[1], 1e-6); });
    add_case("pairwise_distance", {{4, 3}, {5, 3}}, [](const Inputs& x) { return pairwise_distance(x[0], x[1], 100); });
    add_case("row_distance", {{5, 3}, {5, 3}}, [](const Inputs& x) { return row_distance(x[0], x[1], 1e-6); });
    // The same tensor used several times: its gradient is the sum over all uses.
    add_case("mul", {{5}}, [](const Inputs& x) { return mul(x[0], add(x[0], x[0])); });
    return cases;
}

}  // namespace astro
