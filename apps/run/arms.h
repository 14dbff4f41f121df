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

// The stages of the pipeline that the arms of an experiment and its evaluations need, in order.
std::vector<std::string> stages_of_experiment(const Config& config);

// Whether an arm of the experiment is trained on the file that `astro augment` keeps.
bool needs_kept_file(const Config& config);

// Loads the models of these stages. Error(usage) if one is not trained.
void require_stages(StageRunner& runner, const std::vector<std::string>& stages);

// Rows of the arms that are not kept in a file: as many as `kept` has, the file of the kept arm, so that arms are
// comparable; if there is no such file, Pipeline::augmented_rows.
int64_t rows_of_arms(StageRunner& runner, const std::string& kept);

// Creates the data set of an arm that is not kept in a file, with `rows` rows or slightly more. The stages of the arm
// must be trained. `trained` is called for each model of its own; it must train the model, or throw if the model is not
// trained.
data::RecordedData make_arm(StageRunner& runner, const std::string& arm, int64_t rows,
                            const augmenters::Augmenter::Visit& trained);

}  // namespace astro::app
