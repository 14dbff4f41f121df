// What follows from the name of a stage: the command that trains it, and the settings that it depends on.
#pragma once

#include <string>
#include <vector>

#include "apps/method_names.h"
#include "astro/config/config.h"

namespace astro::app {

// "train policy --arm raw --policy.learner gcbc" of policy/raw/gcbc-seed1, "train dynamics" of dynamics1. Other stages
// are models of an arm's augmenter, which `run` trains: "run --experiment.arms straight --resume" of arm straight.
std::string training_command(const std::string& stage, const std::string& arm);

// The sections of settings that the policies of an arm depend on, in addition to those of the learner.
std::vector<std::string> further_sections(const Config& config, const std::string& arm);

// The sections of settings that a stage depends on. Models of augmenters: those of all augmenters.
std::vector<std::string> sections_of_stage(const Config& config, const std::string& stage);

}  // namespace astro::app
