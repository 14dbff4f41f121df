// Random episodes in a plane with a temporal map, for benchmarks and tests. Nothing can be learnt from them, but each
// step takes the same time and the same code path as with real data.
#pragma once

#include <numeric>

#include "apps/method_names.h"
#include "astro/temporal_map.h"

namespace astro::app {

struct RandomWorld {
    data::Dataset data;
    Trajectories trajectories;
    Statistics statistics;
    TemporalMap map;
    Config config;

    RandomWorld(const Config& settings, int64_t rows, int64_t episode_rows) : config(settings) {
        data.rows = rows, data.state_dim = data.action_dim = 2;
        data.observations.resize(static_cast<size_t>(2 * rows)), data.actions.resize(static_cast<size_t>(2 * rows));
        data.terminals.resize(static_cast<size_t>(rows));
        Rng rng = Rng(0).stream("bench");
        rng.fill_normal(data.observations.data(), 2 * rows);
        rng.fill_uniform(data.actions.data(), 2 * rows, -1, 1);
        for (int64_t t = episode_rows - 1; t < rows; t += episode_rows) data.terminals[static_cast<size_t>(t)] = 1;
        data::index_episodes(data);
        trajectories = cut_at_jumps(data, 1e9);
        statistics = measure(trajectories, config.planner.gap + 1, config.data.std_floor);
        map.data = &trajectories, map.gamma = .99, map.width = 2, map.latent = data.observations;
        for (int64_t k = 0; k < trajectories.count(); ++k) map.arrival.push_back(trajectories.last(k));
        std::vector<double> medians(64);
        std::iota(medians.begin(), medians.end(), 1.0);
        map.calibration = Calibration(medians);
    }
    RandomWorld(const RandomWorld&) = delete;  // parts point to one another
    RandomWorld& operator=(const RandomWorld&) = delete;
};

}  // namespace astro::app
