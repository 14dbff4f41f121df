// The type of the functions that create the families of environments. Each is defined in its own file and is named in
// the table of environments.cpp. And what several environments share.
#pragma once

#include <functional>

#include "data/environment.h"
#include "tensor/rng.h"

namespace astro::data {

using Environments = std::vector<std::unique_ptr<Environment>>;
using EnvironmentFamily = Environments();

// For Environment::draw_episodes: `each` episodes of each task, made from the task's number and the episode's own
// random numbers. Those of episode e depend only on seed, task and e.
std::vector<Episode> draw_each(const std::vector<int64_t>& tasks, int64_t each, uint64_t seed,
                               const std::function<Episode(int64_t number, Rng& rng)>& make);

}  // namespace astro::data
