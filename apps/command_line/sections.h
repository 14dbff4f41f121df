// The sections of the settings that each command reads.
#pragma once

#include <string>
#include <vector>

namespace astro::app {

// command: the name of a command that reads settings, such as "train tdr". "" is the general section.
const std::vector<std::string>& sections_of(const std::string& command);

}  // namespace astro::app
