// Which sections of the settings each command reads.
#pragma once

#include <string>
#include <vector>

namespace astro::app {

// Of a command that reads any, by its name, such as "train tdr"; "" is the general section.
const std::vector<std::string>& sections_of(const std::string& command);

}  // namespace astro::app
