// A small world for tests of training steps on both backends, and random weights for its trainees.
#pragma once

#include <memory>
#include <utility>

#include "apps/random_world.h"
#include "astro/learners/learner.h"
#include "astro/planner.h"
#include "astro/training.h"
#include "tests/cuda/both.h"

namespace astro {

struct World : app::RandomWorld {
    World() : RandomWorld(settings(), 300, 60) {}
    int64_t horizon() const { return config.planner.hole + config.planner.context; }
    static Config settings() {
        Config config;
        apply_preset(config, "tiny");
        config.planner.context = config.planner.hole = 4, config.planner.denoising_steps = 2;
        config.dynamics.network.batch = config.planner.network.batch = 6;
        config.tdr.batch = 7, config.tdr.batch_episodes = 3, config.tdr.rows_per_episode = 4, config.tdr.width = 20;
        config.value.actor_width = config.value.critic_width = 20, config.value.batch = 9;
        config.gcbc.width = 20, config.gcbc.batch = 9;
        return config;
    }
};

// What learners learn from.
inline learners::LearningData learning_data(const World& w) {
    learners::LearningData data;
    data.pools = {{&w.data, 1.0}};
    data.scaling = {{1.5, 1.5}, {1, 1}};
    return data;
}

// A planner with dynamics of its own.
struct Stitcher : Planner {
    std::unique_ptr<Dynamics> model;
    Stitcher(const Context& c, const World& world, const PlannerConfig& config, const DynamicsConfig& d,
             std::unique_ptr<Dynamics> m)
        : Planner(c, config, world.map, world.statistics, {m.get()}, d, 0), model(std::move(m)) {}
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
