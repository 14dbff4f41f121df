// A trained pipeline on a small maze data set, for the tests of the method.
#pragma once

#include <memory>
#include <optional>

#include "astro/augmenters/augmenter.h"
#include "astro/chains.h"
#include "astro/splice.h"
#include "data/environments/pointmaze_collect.h"

namespace astro::method {

// A pipeline with preset tiny, trained for about a second. small() is shared by the test cases.
struct Small {
    std::unique_ptr<Backend> backend = make_cpu_backend();
    ThreadPool pool{2};
    Config config;
    std::unique_ptr<Pipeline> pipeline;
    std::unique_ptr<Dynamics> second;
    Augmentation made;

    explicit Small(int threads = 2, Seam seam = Seam::smear) : pool(threads) {
        apply_preset(config, "tiny");
        config.tdr.updates = 300, config.dynamics.network.updates = 150, config.planner.network.updates = 100;
        config.augment.ratio = .3, config.augment.accept_threshold = 2, config.augment.seam = seam;
        maze::CollectSpec spec;
        spec.episodes = 120, spec.seed = 5;
        pipeline = std::make_unique<Pipeline>(Context{*backend, pool, 8}, config,
                                              maze::collect(maze::layout("medium"), spec, "train", pool), std::nullopt,
                                              "pointmaze-medium-v0");
        train(pipeline->tdr());
        train(pipeline->dynamics(0));
        train(pipeline->planner());
        const auto stitch = augmenters::make_augmenter("augmented", *pipeline, 2);
        stitch->make(pipeline->augmented_rows(), {});
        made = *stitch->attempts();
    }
    // A second dynamics network, trained for the same time, for an ensemble.
    const Dynamics& second_dynamics() {
        if (!second) {
            second = make_dynamics(pipeline->context(), config.dynamics, pipeline->horizon(), pipeline->map(),
                                   pipeline->statistics(), 77, 1);
            train(*second);
        }
        return *second;
    }
    static void train(TrainableModel& model) {
        for (int64_t k = 0; k < model.updates(); ++k) model.update(k);
    }
};

inline Small& small() {
    static Small s;
    return s;
}

}  // namespace astro::method
