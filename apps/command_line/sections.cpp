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

// The sections of a stage and more.
Sections with_stage(const std::string& stage, const Sections& more) {
    Sections sections = stage_sections(stage);
    add_missing(sections, {"env", "checkpoint"});
    add_missing(sections, more);
    return sections;
}

// The sections that the policies of all learners on all arms depend on. The data of the kept arm come from a file;
// those of other arms are made by trained stages.
Sections of_policies() {
    Sections sections = with_stage("tdr", {"graph", "policy", "evaluate"});
    for (const std::string& learner : learner_names()) add_missing(sections, learner_sections(learner));
    for (const std::string& arm : arm_names()) {
        const augmenters::Row& row = augmenters::row_of(arm);
        add_missing(sections, row.sections);
        if (!row.kept && !row.stages.empty()) add_missing(sections, stage_sections(row.stages.back()));
    }
    return sections;
}

}  // namespace

// A stage includes the settings of the preceding stages, because their checkpoints are accepted only with the same
// settings; and those of what is measured after it.
const std::vector<std::string>& sections_of(const std::string& command) {
    static const Sections policies = of_policies();
    static const std::map<std::string, Sections> table = {
        {"train tdr", with_stage("tdr", {"graph", "metrics"})},
        {"train dynamics", with_stage("dynamics", {"one_step", "metrics"})},
        {"train planner", with_stage("sampling", {"metrics"})},
        {"augment", with_stage("augment", {"one_step", "metrics"})},
        {"train policy", policies},
        {"evaluate", policies},
        {"policy export", policies},
        {"embed", with_stage("tdr", {"graph", "metrics"})},
        {"run", every_section()}};
    const auto found = table.find(command);
    ASTRO_CHECK(found != table.end(), "sections_of: ", command, " reads no settings");
    return found->second;
}

}  // namespace astro::app
