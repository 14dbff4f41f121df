// The stages of the pipeline, as commands run them: train a stage (or resume or skip it), measure it, and store the
// figures in results.json. The files are measure_tdr.cpp, measure_dynamics.cpp, measure_one_step.cpp,
// measure_planner.cpp and measure_augmentation.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/run/output.h"
#include "apps/run/stage_runner.h"
#include "astro/augmenters/stitch.h"
#include "astro/metrics.h"
#include "data/replay.h"

namespace astro::app {

// Error(usage) if the checkpoints of a stage or of a policy forbid to train it (StageRunner::check_checkpoints), or if
// the augmented data that a policy was trained on would be made anew. `run` checks all before it begins.
void check_stages(StageRunner& runner);

void train_and_measure_tdr(StageRunner& runner);
void train_and_measure_dynamics(StageRunner& runner);
// The one-step models: the baseline of the dynamics' open-loop error, which it compares. Needs trained dynamics.
void train_and_measure_one_step(StageRunner& runner);
void train_and_measure_planner(StageRunner& runner);
// Stitches trajectories and writes augmented.npz, unless the folder already contains the file for the same settings.
// Returns its path.
std::string augment_and_measure(StageRunner& runner);
// The augmenter that augment_and_measure uses.
augmenters::Stitch stitch_of(StageRunner& runner);

// Writes a generated data set and its validation set (apps/commands/data.cpp). Error(usage) if the environment is
// unknown or has no generator.
struct CollectedFiles {
    std::string train, validation;
    int64_t rows = 0, validation_rows = 0;
};
data::CollectSpec collect_spec(const CollectConfig& config);
CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads);

// Stores violation rates by tolerance, of transitions and of bridges, under these keys; an empty key stores none.
void put_rates(data::Json& results, const std::string& transition, const std::string& bridge,
               const ViolationRates& rates);

// Whether to validate after an update: every checkpoint.validate_every updates and at the end.
std::function<bool(int64_t)> validation_steps(const StageRunner& runner, const TrainableModel& model);
// Numbers of steps after which open-loop errors are stated, in order: some small ones, and the horizon.
std::vector<int64_t> open_loop_steps(int64_t horizon);
constexpr int64_t kOpenLoopWindows = 2000;  // at most
// The arrival error of the best candidate of each window.
std::vector<double> best_errors(const std::vector<std::vector<Bridge>>& bridges);

}  // namespace astro::app
