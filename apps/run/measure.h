// The stages as every command runs them: trained (or continued, or skipped), measured, their figures in results.json.
// Each is a file of its own: measure_tdr.cpp, measure_dynamics.cpp, measure_planner.cpp, measure_augmentation.cpp.
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

void train_and_measure_tdr(StageRunner& runner);
void train_and_measure_dynamics(StageRunner& runner);
void train_and_measure_planner(StageRunner& runner);
// Grows chains and writes augmented.npz, or skips both when the folder holds the file of these very settings.
// Returns its path.
std::string augment_and_measure(StageRunner& runner);
// The augmenter that this measures.
augmenters::Stitch stitch_of(StageRunner& runner);

// Writes a generated data set and its validation part (apps/commands/data.cpp). Error(usage) where the environment is unknown or
// has no generator.
struct CollectedFiles {
    std::string train, validation;
    int64_t rows = 0, validation_rows = 0;
};
constexpr const char* kCollectedByDefault = "pointmaze-medium-v0";  // what collect.env `auto` means without --env
CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads);

// What a replay says of bridges: dvr_transition_K, dvr_bridge_K.
void put_stored_rates(data::Json& results, const data::Replay& replay);

// What the stages share.
// Held-out data are looked at every checkpoint.validate_every updates and at the end.
std::function<bool(int64_t)> validation_steps(const StageRunner& runner, const TrainableModel& model);
// The arrival error of each window's best candidate.
std::vector<double> best_errors(const std::vector<std::vector<Bridge>>& bridges);

}  // namespace astro::app
