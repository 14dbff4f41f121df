// An example of your own system: a boat on a lake with a slow whirl. Used by examples 08 and 09.
// State (x, y); action (thrust along x and y), each in [-1, 1].
#pragma once

#include <algorithm>
#include <cmath>

#include "data/dataset.h"
#include "tensor/rng.h"

namespace example {

constexpr double kLake = 10, kThrust = .2, kWhirl = .01;

struct Boat {
    double x = 0, y = 0;

    void step(double ax, double ay) {
        ax = std::clamp(ax, -1.0, 1.0), ay = std::clamp(ay, -1.0, 1.0);
        const double drift_x = -kWhirl * y, drift_y = kWhirl * x;
        x += kThrust * ax + drift_x, y += kThrust * ay + drift_y;
    }
};

inline Boat random_boat(astro::Rng& rng) {
    const double x = rng.uniform(-kLake, kLake), y = rng.uniform(-kLake, kLake);
    return {x, y};
}

// Records episodes with a constant heading and noise on the thrust, in OGBench's layout (data/dataset.h).
inline astro::data::Dataset record_trips(int episodes, int rows) {
    astro::data::Dataset data;
    data.state_dim = 2, data.action_dim = 2, data.rows = int64_t{episodes} * rows;
    for (int episode = 0; episode < episodes; ++episode) {
        astro::Rng rng = astro::Rng(0).stream("lake").stream(static_cast<uint64_t>(episode));
        Boat boat = random_boat(rng);
        const double heading = 6.283185307179586 * rng.uniform();
        for (int t = 0; t < rows; ++t) {
            const double ax = std::clamp(.7 * std::cos(heading) + .4 * rng.normal(), -1.0, 1.0);
            const double ay = std::clamp(.7 * std::sin(heading) + .4 * rng.normal(), -1.0, 1.0);
            data.observations.insert(data.observations.end(), {static_cast<float>(boat.x), static_cast<float>(boat.y)});
            data.actions.insert(data.actions.end(), {static_cast<float>(ax), static_cast<float>(ay)});
            data.terminals.push_back(t == rows - 1);
            boat.step(ax, ay);
        }
    }
    astro::data::index_episodes(data);
    return data;
}

}  // namespace example
