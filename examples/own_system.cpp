// Data of a system that astro does not know: a boat on a lake with a slow whirl, in OGBench's layout.
//     make examples && build/examples/own_system lake.npz
//     build/astro run --config configs/own-system.ini --data lake.npz --run runs/lake
// State (x, y), action (thrust along x and y) in [-1, 1]. Every trip is short; stitched ones cross the lake.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "data/dataset_load.h"
#include "tensor/base/error.h"
#include "tensor/rng.h"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: own_system FILE.npz\n");
        return 2;
    }
    constexpr int kEpisodes = 500, kRows = 81;
    constexpr double kLake = 10, kThrust = .2, kWhirl = .01;
    astro::data::Dataset data;
    data.state_dim = 2, data.action_dim = 2;
    for (int episode = 0; episode < kEpisodes; ++episode) {
        astro::Rng rng = astro::Rng(0).stream("lake").stream(static_cast<uint64_t>(episode));
        double x = kLake * (2 * rng.uniform() - 1), y = kLake * (2 * rng.uniform() - 1);
        const double heading = 6.283185307179586 * rng.uniform();
        for (int t = 0; t < kRows; ++t) {
            const double ax = std::clamp(.7 * std::cos(heading) + .4 * rng.normal(), -1.0, 1.0);
            const double ay = std::clamp(.7 * std::sin(heading) + .4 * rng.normal(), -1.0, 1.0);
            data.observations.insert(data.observations.end(), {static_cast<float>(x), static_cast<float>(y)});
            data.actions.insert(data.actions.end(), {static_cast<float>(ax), static_cast<float>(ay)});
            data.terminals.push_back(t == kRows - 1);
            // the system: what the dynamics model will have to learn
            const double drift_x = -kWhirl * y, drift_y = kWhirl * x;
            x += kThrust * ax + drift_x, y += kThrust * ay + drift_y;
        }
    }
    data.rows = kEpisodes * kRows;
    astro::data::index_episodes(data);
    try {
        astro::data::save_dataset(argv[1], data);
    } catch (const astro::Error& error) {
        std::fprintf(stderr, "own_system: %s\n", error.what());
        return 1;
    }
    std::printf("%s: %d episodes of %d rows; state (x, y), action (thrust along x, y)\n", argv[1], kEpisodes, kRows);
    return 0;
}
