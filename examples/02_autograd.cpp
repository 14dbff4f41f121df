// Reverse-mode differentiation: a tape records ops and is traversed in reverse order.
//     make examples && build/examples/02_autograd [PICTURE.svg]
#include <cmath>
#include <cstdio>

#include "examples/picture.h"
#include "tensor/ops.h"

using namespace astro;

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();
    std::vector<double> points;
    for (int i = 0; i <= 40; ++i) points.push_back(-1 + .125 * i);

    // f(x) = x^2 e^{-x} at each point. The derivative of the sum with respect to x_i is f'(x_i).
    std::vector<double> values, slopes;
    {
        Tape tape;  // while it exists, ops on watched inputs are recorded
        const Tensor x = tape.watch(Tensor::from(*backend, Shape{41}, points));
        const Tensor f = square(x) * exp(-x);
        tape.backward(sum(f));
        values = f.to_vector<double>();
        slopes = tape.gradient(x).to_vector<double>();
    }

    // By hand: f'(x) = (2 x - x^2) e^{-x}.
    double error = 0;
    std::printf("     x      f(x)    by tape    by hand\n");
    example::Picture picture(-1.2, 4.2, -2.2, 3);
    std::vector<example::XY> curve, slope;
    for (size_t i = 0; i < points.size(); ++i) {
        const double x = points[i], by_hand = (2 * x - x * x) * std::exp(-x);
        error = std::max(error, std::fabs(slopes[i] - by_hand));
        if (i % 8 == 0) std::printf("%6.3f %9.5f %10.6f %10.6f\n", x, values[i], slopes[i], by_hand);
        curve.push_back({x, values[i]}), slope.push_back({x, slopes[i]});
    }
    std::printf("largest error of f': %.2e\n", error);

    // A matrix product: the derivative of the sum of A B with respect to A_ik is the sum of row k of B.
    Tape tape;
    const Tensor a = tape.watch(Tensor::from(*backend, Shape{1, 2}, std::vector<double>{3, 4}));
    const Tensor b = Tensor::from(*backend, Shape{2, 2}, std::vector<double>{1, 2, 5, 7});
    tape.backward(sum(matmul(a, b)));
    const std::vector<double> by_a = tape.gradient(a).to_vector<double>();
    std::printf("d sum(A B) / dA: %g %g, by hand: 3 12\n", by_a[0], by_a[1]);

    picture.line({{-1.2, 0}, {4.2, 0}}, "#bbb"), picture.line({{0, -2.2}, {0, 3}}, "#bbb");
    picture.line(curve, "#1f5fa8", 2.5), picture.line(slope, "#c0392b", 2.5);
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(error < 1e-12 && by_a == std::vector<double>{3, 12},
                            "the tape gives the right derivatives");
}
