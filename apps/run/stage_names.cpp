#include "apps/run/stage_names.h"

#include <algorithm>

#include "astro/augmenters/augmenter.h"
#include "astro/pipeline.h"

namespace astro::app {

namespace {

struct PolicyName {
    std::string arm, learner;  // empty: the stage is no policy
};

// The parts of policy/ARM/LEARNER, which further words may follow: policy/raw/iql-task2-seed1.
PolicyName policy_of(const std::string& stage) {
    const size_t arm = stage.find('/') + 1, learner = stage.find('/', arm) + 1;
    if (arm == 0 || learner == 0) return {};
    return {stage.substr(arm, learner - 1 - arm), stage.substr(learner, stage.find_first_of("-/", learner) - learner)};
}

// The stage of the pipeline: "dynamics" of dynamics1; "" for other stages.
std::string pipeline_stage(const std::string& stage) {
    const std::string name = stage.substr(0, stage.find_first_of("0123456789"));
    const std::vector<std::string>& stages = method::pipeline_stages();
    return name == "one_step" || std::find(stages.begin(), stages.end(), name) != stages.end() ? name : "";
}

}  // namespace

std::string training_command(const std::string& stage, const std::string& arm) {
    if (const PolicyName policy = policy_of(stage); !policy.arm.empty())
        return "train policy --arm " + policy.arm + " --policy.learner " + policy.learner;
    const std::string name = pipeline_stage(stage);
    if (name.empty()) return "run --experiment.arms " + arm + " --resume";
    return "train " + (name == "one_step" ? "dynamics" : name);
}

std::vector<std::string> further_sections(const Config& config, const std::string& arm) {
    if (augmenters::row_of(arm).relabels) return {"tdr", "graph", "relabel"};
    if (config.policy.latents) return {"tdr"};
    return {};
}

std::vector<std::string> sections_of_stage(const Config& config, const std::string& stage) {
    if (const std::string name = pipeline_stage(stage); !name.empty()) return stage_sections(name);
    if (const PolicyName policy = policy_of(stage); !policy.arm.empty())
        return policy_sections(policy.learner, further_sections(config, policy.arm));
    std::vector<std::string> sections;
    for (const std::string& arm : arm_names())
        for (const std::string& section : augmenters::row_of(arm).sections) sections.push_back(section);
    return with_common_sections(sections);
}

}  // namespace astro::app
