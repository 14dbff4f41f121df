// The families of environments, each made by its own file; rows of the table in environments.cpp.
#pragma once

#include "data/environment.h"

namespace astro::data {

using Environments = std::vector<std::unique_ptr<Environment>>;
using EnvironmentFamily = Environments();

EnvironmentFamily make_point_mazes;  // pointmaze.cpp
EnvironmentFamily make_maze2d;       // maze2d.cpp

}  // namespace astro::data
