// The stages of the pipeline, as commands run them: train a stage (or resume or skip it), measure it, and store the
// figures in results.json. One file in this folder per stage.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/run/output.h"
#include "apps/run/stage_runner.h"
#include "astro/augmenters/augmenter.h"
#include "astro/chains.h"
#include "astro/measure/metrics.h"
#include "data/replay.h"

namespace astro::app {

// Error(usage) if the checkpoints of one of these stages or of a policy do not allow it to be trained
// (StageRunner::check_checkpoints), or if the augmented data on which a policy was trained would be made again. `run`
// checks all before it begins.
void check_stages(StageRunner& runner, const std::vector<std::string>& stages);
// The last of these, for `astro augment`; and Error(usage) if the data were measured with other settings.
void check_augmented(StageRunner& runner);

// Trains and measures a stage of the pipeline by its name; the stages before must be trained. With the dynamics also
// the one-step models.
void train_and_measure(StageRunner& runner, const std::string& stage);
void train_and_measure_tdr(StageRunner& runner);
void train_and_measure_dynamics(StageRunner& runner);
// The one-step models: the baseline of the dynamics' open-loop error, which it compares. Needs trained dynamics.
void train_and_measure_one_step(StageRunner& runner);
void train_and_measure_planner(StageRunner& runner);
// Makes the data set of the arm that is kept and writes augmented.npz, unless the folder already contains the file for
// the same settings. Returns its path. The stages of the arm must be trained. trained: as in make_arm.
std::string augment_and_measure(StageRunner& runner, const augmenters::Augmenter::Visit& trained);

// Stores violation rates by tolerance, of transitions and of bridges, under these keys; an empty key stores none.
void put_rates(data::Json& results, const std::string& transition, const std::string& bridge,
               const ViolationRates& rates);

// Stores how many arrival errors lie in each of 40 bins between 0 and twice the largest accepted one; the last bin also
// counts what lies beyond. {"width", "counts"}.
void put_arrival_errors(data::Json& results, const std::string& key, const std::vector<double>& errors,
                        const Config& config);

// Whether to validate after an update: every checkpoint.validate_every updates and at the end.
std::function<bool(int64_t)> validation_steps(const StageRunner& runner, const TrainableModel& model);
// Numbers of steps after which open-loop errors are stated, in order: some small ones, and the horizon.
std::vector<int64_t> open_loop_steps(int64_t horizon);
constexpr int64_t kOpenLoopWindows = 2000;  // at most
// The arrival error of the best candidate of each window.
std::vector<double> best_errors(const std::vector<std::vector<Bridge>>& bridges);

}  // namespace astro::app
