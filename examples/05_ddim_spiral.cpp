// Diffusion in the plane: a network learns to denoise points of a spiral. DDIM then generates new points from noise.
//     make examples && build/examples/05_ddim_spiral [PICTURE.svg]
#include <cmath>
#include <cstdio>

#include "diffusion/sampler.h"
#include "examples/picture.h"
#include "nn/layers.h"
#include "nn/optimiser.h"
#include "nn/transformer.h"

using namespace astro;

namespace {
constexpr int kLevels = 100, kBatch = 256, kEmbedding = 16, kSamples = 500, kSteps = 50, kUpdates = 4000;

example::XY spiral(double u) {  // u in [0, 1]: one and a half turns outwards
    return {(.3 + 1.4 * u) * std::cos(9.42477796 * u), (.3 + 1.4 * u) * std::sin(9.42477796 * u)};
}

struct Fit {
    double distance = 0, covered = 0;  // mean distance from the spiral; share of its length with a point near it
};
Fit compare(const std::vector<float>& points) {
    Fit fit;
    std::vector<bool> near(400, false);
    for (size_t i = 0; i < points.size(); i += 2) {
        double smallest = 1e9;
        for (size_t k = 0; k < near.size(); ++k) {
            const example::XY on = spiral(static_cast<double>(k) / 399);
            const double distance = std::hypot(points[i] - on.x, points[i + 1] - on.y);
            smallest = std::min(smallest, distance), near[k] = near[k] || distance < .15;
        }
        fit.distance += 2 * smallest / static_cast<double>(points.size());
    }
    fit.covered = static_cast<double>(std::count(near.begin(), near.end(), true)) / 400;
    return fit;
}
}  // namespace

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();
    Rng rng = Rng(0).stream("05_ddim_spiral");
    const diffusion::NoiseSchedule schedule = diffusion::make_schedule(diffusion::ScheduleKind::cosine, kLevels);
    const nn::MlpSpec spec{2 + kEmbedding, 2, 96, 3};  // in, out, width, hidden layers
    nn::Mlp network = nn::make_mlp({*backend, DType::f32, rng}, spec);
    nn::ParameterSet parameters(network);
    nn::Adam optimiser(parameters);
    // The network predicts v = s epsilon - n x_0 from x_t = s x_0 + n epsilon and its level. The clean point is then
    // s x_t - n v. At low levels this is close to x_t, so the network does not have to learn the identity.
    auto network_v = [&](const Tensor& noisy, const std::vector<int64_t>& t) {
        return network(concat({noisy, nn::sinusoid(*backend, DType::f32, {t.begin(), t.end()}, kEmbedding)}, 1));
    };
    auto noise = [&](int64_t rows) {
        std::vector<float> values(static_cast<size_t>(2 * rows));
        rng.fill_normal(values.data(), 2 * rows);
        return Tensor::from(*backend, {rows, 2}, values);
    };

    for (int k = 0; k < kUpdates; ++k) {
        std::vector<float> points;
        std::vector<int64_t> t;  // noise level of each point
        for (int64_t i = 0; i < kBatch; ++i) {
            const example::XY p = spiral(rng.uniform());
            points.insert(points.end(), {static_cast<float>(p.x), static_cast<float>(p.y)});
            t.push_back(1 + rng.below(kLevels));
        }
        nn::Inputs inputs(*backend);  // collects host arrays for one upload
        const Tensor x0 = inputs.add(Shape{kBatch, 2}, points);
        const diffusion::RowLevels levels = diffusion::row_levels(inputs, schedule, t);
        inputs.upload();
        const Tensor epsilon = noise(kBatch), noisy = diffusion::add_noise(levels, x0, epsilon);
        const Tensor v = levels.signal.reshape({kBatch, 1}) * epsilon - levels.noise.reshape({kBatch, 1}) * x0;
        Tape tape({parameters.flat()});
        const Tensor loss = mean(square(network_v(noisy, t) - v));
        tape.backward(loss);
        optimiser.step(parameters, tape.parameter_gradient(), nn::cosine_rate(k, kUpdates, 50, 4e-3, 0));
        if (k % 1000 == 0) std::printf("update %4d  mean squared error %.4f\n", k, loss.item());
    }

    // Sampling: at each level the clean points are predicted, and DDIM computes the points at the next level.
    Tensor x = noise(kSamples);
    const double before = compare(x.to_vector<float>()).distance;
    const auto levels = diffusion::sampler_levels(kLevels, kSteps);
    for (size_t k = 0; k + 1 < levels.size(); ++k) {
        const Tensor v = network_v(x, std::vector<int64_t>(kSamples, levels[k])) * schedule.noise(levels[k]);
        x = diffusion::ddim_step(schedule, x, x * schedule.signal(levels[k]) - v, levels[k], levels[k + 1]);
    }
    const std::vector<float> samples = x.to_vector<float>();
    const Fit after = compare(samples);
    std::printf("mean distance from the spiral: noise %.3f, samples %.3f; covered: %.3f of it\n", before,
                after.distance, after.covered);

    example::Picture picture(-2, 2, -2, 2);
    for (int k = 0; k < 200; ++k) picture.line({spiral(k / 200.0), spiral((k + 1) / 200.0)}, "#bbb", 4);
    for (size_t i = 0; i < samples.size(); i += 2) picture.dots({{samples[i], samples[i + 1]}}, "#1f5fa8");
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(after.distance < .1 && after.covered > .9, "the samples lie on the spiral and cover it");
}
