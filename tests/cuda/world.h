// A small world for tests of training steps on both backends, and random weights for its trainees.
#pragma once

#include <numeric>

#include "astro/temporal_map.h"
#include "astro/training.h"
#include "tests/cuda/both.h"

namespace astro {

// Random episodes, and what the stages ask of a map.
struct World {
    data::Dataset data;
    Trajectories trajectories;
    Statistics statistics;
    TemporalMap map;
    Config config;

    World() {
        constexpr int64_t kRows = 300, kEpisode = 60;
        data.rows = kRows, data.state_dim = data.action_dim = 2;
        Rng rng(3);
        for (int64_t t = 0; t < kRows; ++t) {
            for (int i = 0; i < 2; ++i) {
                data.observations.push_back(float(rng.uniform(0, 3)));
                data.actions.push_back(float(rng.uniform(-1, 1)));
            }
            data.terminals.push_back(t % kEpisode == kEpisode - 1);
        }
        data::index_episodes(data);
        trajectories = cut_at_jumps(data, 1e9);
        apply_preset(config, "tiny");
        config.planner.context = config.planner.hole = 4, config.planner.denoising_steps = 2;
        config.dynamics.network.batch = config.planner.network.batch = 6;
        config.tdr.batch = 7, config.tdr.batch_episodes = 3, config.tdr.rows_per_episode = 4, config.tdr.width = 20;
        config.value.actor_width = config.value.critic_width = 20, config.value.batch = 9;
        config.gcbc.width = 20, config.gcbc.batch = 9;
        statistics = measure(trajectories, config.planner.hole + 1, config.data.std_floor);
        map.data = &trajectories, map.gamma = .99, map.width = 2, map.latent = data.observations;
        for (int64_t k = 0; k < trajectories.count(); ++k) map.arrival.push_back(trajectories.last(k));
        std::vector<double> medians(64);
        std::iota(medians.begin(), medians.end(), 1.0);
        map.calibration = Calibration(medians);
    }
    int64_t horizon() const { return config.planner.hole + config.planner.context; }
};

// Gives all parameters random values, the same for the same trainee on either backend, and an optimiser without
// history.
inline void randomise(Trainee& trainee) {
    TrainingState state = trainee.state();
    for (auto& [name, counter] : state.counters) *counter = 0;
    Rng rng(12);
    for (auto& [name, tensor] : state.tensors) {
        if (name.compare(0, 9, "optimiser") == 0) {
            tensor.fill(0);
            continue;
        }
        std::vector<float> values(static_cast<size_t>(tensor.numel()));
        const double size = tensor.rank() == 2 ? 1 / std::sqrt(double(tensor.dim(0))) : .3;
        for (float& v : values) v = float(rng.normal() * size);
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), values));
    }
}

}  // namespace astro
