// The op table in f64 and f32, limits of exp, the rules of the tape, distances of NaN, and error messages.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tensor/check/gradcheck.h"
#include "tensor/cpu/kernels.h"

using namespace astro;

TEST_CASE("ops: every case of the table passes its gradient check and agrees between f32 and f64") {
    auto backend = make_cpu_backend();
    for (const OpCase& op_case : op_cases()) {
        OpReport report = check_op(*backend, op_case, 3);
        INFO(report.op, " ", report.shapes, ": ", report.message);
        CHECK(report.ok);
    }
}

TEST_CASE("ops: gradcheck finds a wrong gradient") {
    auto backend = make_cpu_backend();
    OpFunction wrong = [](const std::vector<Tensor>& x) {  // value 2x, gradient 1
        Tensor y = x[0] * 2.0;
        return Tensor(y).detach() + (x[0] - x[0].detach());
    };
    Tensor x = Tensor::from(*backend, {3}, std::vector<double>{1, 2, 3});
    CHECK_FALSE(gradcheck(wrong, {x}, Rng(1)).ok);
}

TEST_CASE(
    "exp in f32: accurate up to the largest number, infinity above it, 0 below the smallest normal one, NaN for NaN") {
    using Limits = std::numeric_limits<float>;
    const float least = -87.3365402f, most = 88.7228317f, infinity = Limits::infinity();
    std::vector<float> x = {least, most, std::nextafter(least, -infinity), std::nextafter(most, infinity)};
    for (float edge : {-104.0f, -89.0f, 89.0f, 104.0f, Limits::max(), infinity, Limits::denorm_min(), 0.0f})
        for (float v : {edge, -edge}) x.push_back(v);
    x.push_back(Limits::quiet_NaN());
    for (float v = -90; v < 90; v += 0.00137f) x.push_back(v);
    std::vector<cpu::KernelTables> tables = {cpu::portable_kernels()};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(cpu::avx2_kernels());
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        tables.push_back(cpu::avx512_kernels());
#endif
    for (const cpu::KernelTables& table : tables) {
        std::vector<float> y(x.size());
        table.f32.unary(UnaryOp::exp, int64_t(x.size()), x.data(), 0, 0, y.data());
        int64_t wrong = 0;
        for (size_t i = 0; i < x.size(); ++i) {
            const double want = std::exp(double(x[i]));
            const bool right = std::isnan(x[i])               ? std::isnan(y[i])
                               : want > double(Limits::max()) ? y[i] == infinity
                               : want < double(Limits::min()) ? y[i] == 0
                                                              : std::fabs(double(y[i]) - want) < 2.6e-7 * want;
            if (!right && ++wrong == 1)
                FAIL_CHECK(std::string(table.isa), ": exp(", x[i], ") = ", y[i], ", expected ", want);
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("tape: only its parameters are differentiated") {
    auto backend = make_cpu_backend();
    Tensor actor = Tensor::from(*backend, {2}, std::vector<double>{1, 2});
    Tensor critic = Tensor::from(*backend, {2}, std::vector<double>{3, 4});
    Tape tape({actor});
    Tensor loss = sum(actor * critic);
    tape.backward(loss);
    CHECK(tape.parameter_gradient().to_vector<double>() == std::vector<double>{3, 4});
    CHECK(tape.node_of(critic) < 0);
}

TEST_CASE(
    "tape: parameters that the loss does not use get zeros, those used twice get sums, overlapping ones are rejected") {
    auto backend = make_cpu_backend();
    const Tensor flat = Tensor::full(*backend, DType::f64, {12}, 1);
    const Tensor first = flat.view(2, {2, 2}), second = flat.view(8, {2, 2}),
                 x = Tensor::full(*backend, DType::f64, {1, 2}, 3);
    Tensor::full(*backend, DType::f64, {12}, std::nan(""));  // memory that a new gradient may reuse
    {
        Tape tape({flat});
        const Tensor unused = matmul(x, second);  // recorded, but not part of the loss
        tape.backward(sum(matmul(x, first)) + sum(matmul(x, first)) + sum(first));
        CHECK(tape.parameter_gradient().to_vector<double>() == std::vector<double>{0, 0, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0});
    }
    Tape tape({flat});
    const Tensor recorded = sum(first);
    CHECK_THROWS_WITH_AS(sum(flat.view(5, {3})), doctest::Contains("two parameters share elements"), Error);
}

TEST_CASE("tape: an in-place change of a saved tensor is detected") {
    auto backend = make_cpu_backend();
    Tensor x = Tensor::from(*backend, {2}, std::vector<double>{1, 2});
    Tape tape({x});
    Tensor loss = sum(square(x));
    x.fill(5);
    CHECK_THROWS_WITH_AS(tape.backward(loss), doctest::Contains("square: an input was modified in place"), Error);
    Tensor rows = Tensor::from(*backend, {1, 2}, std::vector<double>{1, 2}), gain = rows.clone(), bias = rows.clone();
    Tape of_norm({rows});
    loss = sum(layer_norm(rows, gain, bias));
    bias.fill(5);  // not needed by the backward pass
    CHECK_NOTHROW(of_norm.backward(loss));
    Tape again({rows});
    loss = sum(layer_norm(rows, gain, bias));
    gain.fill(5);
    CHECK_THROWS_WITH_AS(again.backward(loss), doctest::Contains("layer_norm: an input was modified in place"), Error);
}

TEST_CASE("tape: a detached parameter and its views are constants, watching one makes it a variable") {
    auto backend = make_cpu_backend();
    const Tensor flat = Tensor::from(*backend, {3}, std::vector<double>{1, 2, 3}), part = flat.view(1, {2});
    Tape tape({flat});
    const Tensor loss = sum(part * part.detach()) + sum(flat.detach().rows(0, 1)) + sum(flat.detach().reshape({1, 3}));
    const Tensor watched = tape.watch(flat.detach());
    tape.backward(loss + sum(square(watched)));
    CHECK(tape.parameter_gradient().to_vector<double>() == std::vector<double>{0, 2, 3});
    CHECK(tape.gradient(watched).to_vector<double>() == std::vector<double>{2, 4, 6});
}

TEST_CASE("ops: distances from or to NaN are NaN, and so are their gradients") {
    auto backend = make_cpu_backend();
    const double nan = std::nan("");
    for (DType type : {DType::f32, DType::f64}) {
        const Tensor a = Tensor::from(*backend, {2, 2}, std::vector<double>{nan, 0, 3, 4}).cast(type);
        const Tensor b = Tensor::from(*backend, {3, 2}, std::vector<double>{0, 0, 3, 4, 6, 8}).cast(type);
        Tape tape;
        const Tensor from = tape.watch(a), to = tape.watch(b);
        const Tensor y = pairwise_distance(from, to, 1e-6);
        tape.backward(sum(y));
        auto values = [](const Tensor& t) { return t.cast(DType::f64).to_vector<double>(); };
        const std::vector<double> distance = values(y), ga = values(tape.gradient(from)),
                                  gb = values(tape.gradient(to));
        for (size_t j = 0; j < 3; ++j) CHECK(std::isnan(distance[j]));
        for (size_t j = 0; j < 3; ++j) CHECK(distance[3 + j] == doctest::Approx(j == 0 ? 5 : j == 1 ? 1e-3 : 5));
        CHECK(std::isnan(ga[0]));
        CHECK(std::isnan(ga[1]));
        CHECK(std::fabs(ga[2]) < 1e-6);  // two opposite directions, and 0 at the lower bound
        CHECK(std::fabs(ga[3]) < 1e-6);
        for (double g : gb) CHECK(std::isnan(g));
        CHECK(std::isnan(values(row_distance(a, a, 1e-6))[0]));
    }
}

TEST_CASE("tape: nested tapes, NoTape, and a long chain without recursion") {
    auto backend = make_cpu_backend();
    Tensor x = Tensor::from(*backend, {1}, std::vector<double>{3});
    Tape outer;
    Tensor tracked = outer.watch(x);
    Tensor y = square(tracked);
    {
        Tape inner;
        Tensor z = inner.watch(x);
        inner.backward(sum(z * y));  // y belongs to the outer tape: a constant here
        CHECK(inner.gradient(z).item() == 9);
        NoTape off;
        CHECK(Tape::current() == nullptr);
    }
    Tensor chain = y;
    for (int i = 0; i < 100000; ++i) chain = chain + 0.0;
    outer.backward(sum(chain));
    CHECK(outer.gradient(tracked).item() == 6);
}

TEST_CASE("ops: errors name the op and the shapes") {
    auto backend = make_cpu_backend();
    Tensor a = Tensor::zeros(*backend, DType::f32, {3, 4}), b = Tensor::zeros(*backend, DType::f32, {5, 4});
    CHECK_THROWS_WITH_AS(matmul(a, b), "matmul: inner sizes differ: a is [3, 4], b is [5, 4]", Error);
    CHECK_THROWS_WITH_AS(add(a, b), "add: shapes [3, 4] and [5, 4] do not broadcast", Error);
}
