// Names of the arms, for settings: rows of the table in augmenters.cpp. See augmenter.h for the rows themselves.
#pragma once

#include <string>
#include <vector>

namespace astro::method {

std::vector<std::string> arm_names();     // the unchanged data come first
std::vector<std::string> default_arms();  // that `astro run` compares by default

}  // namespace astro::method
