// The tensor library in one page: a small network learns sin(3 x) by gradient descent.
//     make examples && build/examples/fit_a_curve
#include <cmath>
#include <cstdio>

#include "nn/layers.h"
#include "nn/optimiser.h"

using namespace astro;

int main() {
    const auto backend = make_cpu_backend();

    // 256 points x in [-2, 2], (256, 1), and what the network should say there.
    std::vector<float> points, wanted;
    for (int i = 0; i < 256; ++i) {
        points.push_back(-2.0f + 4.0f * static_cast<float>(i) / 255.0f);
        wanted.push_back(std::sin(3 * points.back()));
    }
    const Tensor x = Tensor::from(*backend, Shape{256, 1}, points), y = Tensor::from(*backend, Shape{256, 1}, wanted);

    // Every random number comes from a named stream: the same seed gives the same network, bit for bit.
    Rng rng = Rng(0).stream("fit_a_curve");
    nn::MlpSpec spec;
    spec.in = 1, spec.out = 1, spec.width = 64, spec.layers = 2;
    nn::Mlp network = nn::make_mlp({*backend, DType::f32, rng}, spec, points);  // first layer spread over the data
    nn::ParameterSet parameters(network);                                       // one flat tensor
    nn::Adam optimiser(parameters);

    constexpr int kUpdates = 600;
    double loss = 0;
    for (int k = 0; k < kUpdates; ++k) {
        Tape tape({parameters.flat()});  // ops on these parameters are recorded while it lives
        const Tensor error = mean(square(network(x) - y));
        tape.backward(error);
        optimiser.step(parameters, tape.parameter_gradient(), nn::cosine_rate(k, kUpdates, 20, 1e-2, 0));
        loss = error.item();
        if (k % 100 == 0) std::printf("update %3d  mean squared error %.5f\n", k, loss);
    }
    std::printf("at the end  mean squared error %.7f\n", loss);
    for (float at : {-1.5f, 0.0f, 1.0f})
        std::printf("network(%4.1f) = %6.3f, sin(3 x) = %6.3f\n", at,
                    network(Tensor::from(*backend, Shape{1, 1}, &at)).item(), std::sin(3 * at));
    return loss < 1e-3 ? 0 : 1;
}
