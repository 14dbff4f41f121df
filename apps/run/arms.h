// The arms of an experiment, that is, the data on which policies are trained. astro/augmenters has the table of arms.
#pragma once

#include "apps/run/stage_runner.h"
#include "astro/augmenters/augmenter.h"

namespace astro::app {

// The data set that `astro augment` writes into the run folder.
constexpr const char* kAugmentedFile = "augmented.npz";

struct ArmData {
    std::string arm;
    const data::RecordedData* real = nullptr;
    const data::RecordedData* other = nullptr;  // created by the augmenter of the arm; null if it has none
};

// How many of the first columns of a state are the whole qpos, according to the environment (EnvironmentSpec); 0
// without an environment.
int64_t qpos_columns(const StageRunner& runner);

// Creates the data set of an arm that is not stored in a file, with `rows` rows or slightly more. `trained` is called
// for each model that it needs; it must train the model, or throw if the model is not trained.
data::RecordedData make_arm(StageRunner& runner, const std::string& arm, int64_t rows,
                            const augmenters::Augmenter::Visit& trained);

}  // namespace astro::app
