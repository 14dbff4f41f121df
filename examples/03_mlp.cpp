// A multi-layer perceptron learns sin(3 x) by gradient descent.
//     make examples && build/examples/03_mlp [PICTURE.svg]
#include <cmath>
#include <cstdio>

#include "examples/picture.h"
#include "nn/layers.h"
#include "nn/optimiser.h"

using namespace astro;

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();

    // 256 points x in [-2, 2] and the targets sin(3 x), both (256, 1).
    std::vector<float> points, targets;
    for (int i = 0; i < 256; ++i) {
        points.push_back(-2.0f + 4.0f * static_cast<float>(i) / 255.0f);
        targets.push_back(std::sin(3 * points.back()));
    }
    const Tensor x = Tensor::from(*backend, Shape{256, 1}, points), y = Tensor::from(*backend, Shape{256, 1}, targets);

    // All random numbers come from a named stream, so the same seed always gives the same network.
    Rng rng = Rng(0).stream("03_mlp");
    nn::MlpSpec spec;
    spec.in = 1, spec.out = 1, spec.width = 64, spec.layers = 2;
    nn::Mlp network = nn::make_mlp({*backend, DType::f32, rng}, spec, points);  // first layer adapted to the data
    nn::ParameterSet parameters(network);                                       // one flat tensor
    nn::Adam optimiser(parameters);
    const std::vector<float> untrained = network(x).to_vector<float>();

    constexpr int kUpdates = 600;
    double loss = 0;
    for (int k = 0; k < kUpdates; ++k) {
        Tape tape({parameters.flat()});  // while it exists, ops on these parameters are recorded
        const Tensor error = mean(square(network(x) - y));
        tape.backward(error);
        optimiser.step(parameters, tape.parameter_gradient(), nn::cosine_rate(k, kUpdates, 20, 1e-2, 0));
        loss = error.item();
        if (k % 100 == 0) std::printf("update %3d  mean squared error %.5f\n", k, loss);
    }
    std::printf("at the end  mean squared error %.7f\n", loss);

    // Points that are not in the training data.
    double worst = 0;
    for (float input : {-1.501f, -.333f, .004f, 1.002f}) {
        const double predicted = network(Tensor::from(*backend, Shape{1, 1}, &input)).item(),
                     truth = std::sin(3.0 * input);
        std::printf("network(%6.3f) = %6.3f, sin(3 x) = %6.3f\n", static_cast<double>(input), predicted, truth);
        worst = std::max(worst, std::fabs(predicted - truth));
    }

    const std::vector<float> learnt = network(x).to_vector<float>();
    std::vector<example::XY> before, after, truth;
    for (size_t i = 0; i < points.size(); ++i) {
        before.push_back({points[i], untrained[i]}), after.push_back({points[i], learnt[i]});
        if (i % 8 == 0) truth.push_back({points[i], targets[i]});
    }
    example::Picture picture(-2.1, 2.1, -1.5, 1.5);
    picture.line(before, "#bbb"), picture.line(after, "#1f5fa8", 2.5), picture.dots(truth, "#c0392b", 3);
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(loss < 1e-4 && worst < .03, "the network has learnt the function");
}
