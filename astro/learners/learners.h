// Names of the learners, for settings: rows of the table in learners.cpp. See learner.h for the rows themselves.
#pragma once

#include <string>
#include <vector>

namespace astro::method {

// The rows of the table in astro/learners/learners.cpp.
std::vector<std::string> learner_names();
// The sections of the settings that a learner reads, in addition to [policy].
std::vector<std::string> learner_sections(const std::string& learner);
// Whether it can learn one fixed task.
bool has_single_task_form(const std::string& learner);
// Whether rows may have weights (relabel.rule weighted).
bool has_weighted_form(const std::string& learner);

}  // namespace astro::method
