#include "apps/command_line/sections.h"

#include <algorithm>
#include <map>

#include "apps/method_names.h"
#include "astro/augmenters/augmenter.h"
#include "astro/config/config.h"
#include "tensor/base/error.h"

namespace astro::app {
namespace {

using Sections = std::vector<std::string>;

struct Names {
    Sections all;
    template <class Settings>
    void section(const char* name, const char*, Settings&) {
        all.emplace_back(name);
    }
};

Sections every_section() {
    Config config;
    Names names;
    config.visit(names);
    return names.all;
}

void add_missing(Sections& sections, const Sections& more) {
    for (const std::string& section : more)
        if (std::find(sections.begin(), sections.end(), section) == sections.end()) sections.push_back(section);
}

// The given sections and those that any learner or any arm of an experiment reads.
Sections with_learners_and_arms(Sections sections) {
    for (const std::string& learner : learner_names()) add_missing(sections, learner_sections(learner));
    for (const std::string& arm : arm_names()) add_missing(sections, augmenters::row_of(arm).sections);
    return sections;
}

}  // namespace

// A stage includes the settings of the preceding stages, because their checkpoints are accepted only with the same
// settings.
const std::vector<std::string>& sections_of(const std::string& command) {
    static const Sections policy =
        with_learners_and_arms({"", "env", "checkpoint", "data", "tdr", "graph", "policy", "evaluate"});
    static const std::map<std::string, Sections> table = {
        {"train tdr", {"", "env", "checkpoint", "data", "tdr", "graph", "metrics"}},
        {"train dynamics", {"", "env", "checkpoint", "data", "tdr", "dynamics", "one_step", "metrics"}},
        {"train planner",
         {"", "env", "checkpoint", "data", "tdr", "graph", "dynamics", "planner", "sampling", "metrics"}},
        {"augment",
         {"", "env", "checkpoint", "data", "tdr", "graph", "dynamics", "planner", "sampling", "selection", "augment",
          "one_step", "metrics"}},
        {"train policy", policy},
        {"evaluate", policy},
        {"policy export", policy},
        {"embed", {"", "env", "checkpoint", "data", "tdr", "graph", "metrics"}},
        {"run", every_section()}};
    const auto found = table.find(command);
    ASTRO_CHECK(found != table.end(), "sections_of: ", command, " reads no settings");
    return found->second;
}

}  // namespace astro::app
