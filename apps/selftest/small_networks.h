// Every network and learner of the program at tiny sizes, on data from which nothing can be learnt: for checks of a
// backend (device_checks.h) and tests.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/bench/random_world.h"
#include "astro/learners/learner.h"
#include "astro/planner.h"

namespace astro::app {

struct SmallWorld : RandomWorld {
    SmallWorld() : RandomWorld(settings(), 300, 60) {}
    int64_t horizon() const { return config.planner.gap + config.planner.context; }
    learners::LearningData learning_data(Protocol protocol = Protocol::goal_conditioned) const;
    static Config settings();
};

struct SmallNetwork {
    std::string name;
    std::function<std::unique_ptr<TrainableModel>(const Context&)> make;  // refers to the world
    std::set<std::string> idle = {};                               // optimisers that this form does not use
};

// The temporal distance in both forms, dynamics in both forms, a planner with feedback through each of these, and every
// learner in its forms and protocols.
std::vector<SmallNetwork> small_networks(const SmallWorld& world);

DynamicsConfig small_dynamics(const SmallWorld& world, DynamicsForm form);
// With dynamics of its own, of random parameters.
std::unique_ptr<Planner> make_small_planner(const Context& context, const SmallWorld& world, DynamicsForm form,
                                            const PlannerConfig& config);

// Gives all parameters random values, the same for the same model on every backend, and an optimiser without history.
// (adaLN-Zero's own start would let no gradient pass.)
void randomise(TrainableModel& model);

}  // namespace astro::app
