// All networks and learners of the program at tiny sizes, on random data, for checks of a backend (device_checks.h) and
// tests.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/random_world.h"
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
    std::set<std::string> idle = {};                                      // optimisers that this variant does not use
};

// The temporal distance in both forms, the dynamics model in both forms, a planner with feedback through each of these,
// and all learners in their forms and protocols.
std::vector<SmallNetwork> small_networks(const SmallWorld& world);

DynamicsConfig small_dynamics(const SmallWorld& world, DynamicsForm form);
// A planner that owns a dynamics model with random parameters.
std::unique_ptr<Planner> make_small_planner(const Context& context, const SmallWorld& world, DynamicsForm form,
                                            const PlannerConfig& config);

// Sets all parameters to random values, identical on every backend, and resets the optimisers. (With the zero
// initialisation of adaLN-Zero, many gradients would be zero.)
void randomise(TrainableModel& model);

}  // namespace astro::app
