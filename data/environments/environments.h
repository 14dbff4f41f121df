// The functions that create the families of environments. Each is defined in its own file and is listed in the table of
// environments.cpp.
#pragma once

#include "data/environment.h"

namespace astro::data {

using Environments = std::vector<std::unique_ptr<Environment>>;
using EnvironmentFamily = Environments();

EnvironmentFamily make_point_mazes;  // pointmaze.cpp
EnvironmentFamily make_maze2d;       // maze2d.cpp

}  // namespace astro::data
