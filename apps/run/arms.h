// The arms of an experiment: the data that a policy learns from (astro/augmenters has the table of them).
#pragma once

#include "apps/run/stage_runner.h"
#include "astro/augmenters/augmenter.h"

namespace astro::app {

// The data set that `astro augment` writes into the run folder.
constexpr const char* kAugmentedFile = "augmented.npz";

struct ArmData {
    std::string arm;
    const data::Dataset* real = nullptr;
    const data::Dataset* other = nullptr;  // what the arm's augmenter made; null for an arm without one
};

// How many of a state's first columns are all of qpos, as the environment says (EnvironmentSpec); 0 without one.
int64_t qpos_columns(const StageRunner& runner);

// The data set of an arm that no file keeps, of `rows` rows or a little more. `trained` is called for each model it
// needs: it trains the model, or refuses one that is not trained.
data::Dataset make_arm(StageRunner& runner, const std::string& arm, int64_t rows,
                       const augmenters::Augmenter::Visit& trained);

}  // namespace astro::app
