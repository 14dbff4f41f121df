// Random episodes with a temporal map, for benchmarks, estimates of time and tests. Nothing can be learnt from them,
// but each step takes the same time and the same code path as with real data.
#pragma once

#include <numeric>

#include "apps/method_names.h"
#include "astro/temporal_map.h"
#include "tensor/base/rows.h"

namespace astro::app {

struct RandomWorld {
    data::Dataset data;
    Trajectories trajectories;
    Statistics statistics;
    TemporalMap map;
    Config config;

    RandomWorld(const Config& settings, int64_t rows, int64_t episode_rows, int64_t state_dim = 2,
                int64_t action_dim = 2)
        : config(settings) {
        data.rows = rows, data.state_dim = state_dim, data.action_dim = action_dim;
        data.observations.resize(to_size(rows * state_dim)), data.actions.resize(to_size(rows * action_dim));
        data.terminals.resize(to_size(rows));
        Rng rng = Rng(0).stream("bench");
        rng.fill_normal(data.observations.data(), rows * state_dim);
        rng.fill_uniform(data.actions.data(), rows * action_dim, -1, 1);
        for (int64_t t = episode_rows - 1; t < rows; t += episode_rows) nth(data.terminals, t) = 1;
        data::index_episodes(data);
        trajectories = cut_at_jumps(data, 1e9);
        statistics = measure(trajectories, config.planner.gap + 1, config.data.std_floor);
        map.data = &trajectories, map.gamma = .99, map.width = state_dim, map.latent = data.observations;
        for (int64_t k = 0; k < trajectories.count(); ++k) map.arrival.push_back(trajectories.last(k));
        std::vector<double> medians(64);
        std::iota(medians.begin(), medians.end(), 1.0);
        map.calibration = Calibration(medians);
    }
    RandomWorld(const RandomWorld&) = delete;  // parts point to one another
    RandomWorld& operator=(const RandomWorld&) = delete;
};

}  // namespace astro::app
