// The type of the functions that create the families of environments. Each is defined in its own file and is named in
// the table of environments.cpp.
#pragma once

#include "data/environment.h"

namespace astro::data {

using Environments = std::vector<std::unique_ptr<Environment>>;
using EnvironmentFamily = Environments();

}  // namespace astro::data
