// The temporal distance on a ring with a wall across it. Points on the two sides of the wall are close in space and far
// apart in time. From recorded walks, the latent distance must learn the number of steps between two points.
//     make examples && build/examples/06_temporal_distance [PICTURE.svg]
#include <cmath>
#include <cstdio>

#include "astro/measure/metrics.h"
#include "examples/picture.h"

using namespace astro;
using namespace astro::method;

namespace {

constexpr double kFirst = .25, kLast = 6.03, kStep = .1;  // angles beside the wall, in radians; longest step

// Walks along the ring, in either direction, that turn round at the wall. State: (x, y) of the point.
data::Dataset walks() {
    data::Dataset data;
    data.state_dim = 2, data.action_dim = 1;
    for (int episode = 0; episode < 200; ++episode) {
        Rng rng = Rng(0).stream("walk").stream(static_cast<uint64_t>(episode));
        double angle = rng.uniform(kFirst, kLast), direction = episode % 2 == 0 ? 1 : -1;
        for (int t = 0; t < 81; ++t) {
            const double action = std::clamp(direction * .9 + .2 * rng.normal(), -1.0, 1.0);
            data.observations.insert(data.observations.end(), {float(std::cos(angle)), float(std::sin(angle))});
            data.actions.push_back(static_cast<float>(action));
            data.terminals.push_back(t == 80);
            angle = std::clamp(angle + kStep * action, kFirst, kLast);
            if (angle == kFirst || angle == kLast) direction = -direction;
        }
    }
    data.rows = static_cast<int64_t>(data.terminals.size());
    data::index_episodes(data);
    return data;
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();
    ThreadPool threads(1);
    const data::Dataset data = walks();
    const Trajectories trajectories = cut_at_jumps(data, 5);
    Config config;
    apply_preset(config, "tiny");
    config.tdr.updates = 2500, config.tdr.width = 64, config.tdr.batch_episodes = 16;
    TemporalDistance distance({*backend, threads}, config.tdr, .99, trajectories, 0);
    for (int64_t k = 0; k < distance.updates(); ++k) distance.update(k);

    // All pairs of kPoints points on the ring.
    constexpr int kPoints = 60;
    std::vector<float> states;
    std::vector<double> angle;
    for (int i = 0; i < kPoints; ++i) {
        angle.push_back(kFirst + (kLast - kFirst) * i / (kPoints - 1));
        states.insert(states.end(), {float(std::cos(angle.back())), float(std::sin(angle.back()))});
    }
    const std::vector<float> latent = distance.embed(states.data(), kPoints);
    auto steps = [&](int i, int j) {
        const float *a = latent.data() + i * distance.latent(), *b = latent.data() + j * distance.latent();
        return steps_from_distance(latent_distance(a, b, distance.latent()), distance.gamma());
    };
    std::vector<double> truth, learnt, chord;
    for (int i = 0; i < kPoints; ++i)
        for (int j = 0; j < i; ++j) {
            truth.push_back((angle[size_t(i)] - angle[size_t(j)]) / kStep);
            learnt.push_back(steps(i, j));
            chord.push_back(2 * std::sin((angle[size_t(i)] - angle[size_t(j)]) / 2));
        }
    std::printf("from beside the wall to   steps   learnt   straight line\n");
    for (int j : {5, 15, 30, 45, 59})
        std::printf("%19.2f rad %9.1f %8.1f %15.2f\n", angle[size_t(j)], (angle[size_t(j)] - kFirst) / kStep,
                    steps(0, j), 2 * std::sin((angle[size_t(j)] - kFirst) / 2));
    const double ours = spearman(truth, learnt), euclid = spearman(truth, chord);
    std::printf("rank correlation with the steps: learnt %.3f, straight line %.3f\n", ours, euclid);

    example::Picture picture(-1.3, 1.3, -1.3, 1.3);  // colour: steps from the wall, from white (few) to blue
    picture.line({{.75, 0}, {1.25, 0}}, "#c0392b", 4);
    for (int j = 0; j < kPoints; ++j) {
        const int shade = 255 - static_cast<int>(225 * std::min(1.0, steps(0, j) / steps(0, kPoints - 1)));
        const std::string level = std::to_string(shade);
        picture.dots({{states[size_t(2 * j)], states[size_t(2 * j + 1)]}}, "rgb(" + level + "," + level + ",255)", 9);
    }
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(ours > .95 && ours > euclid + .1, "the latent distance follows the steps");
}
