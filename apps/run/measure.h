// The stages as every command runs them: trained (or continued, or skipped), measured, their figures in results.json.
#pragma once

#include "apps/run/stage_runner.h"
#include "astro/metrics.h"
#include "data/replay.h"

namespace astro::app {

struct OutputOptions {
    bool json = false;

    template <class V>
    void visit(V& v) {
        v("json", json, "print the figures as one JSON object", Source::ours, anything());
    }
};

void train_and_measure_tdr(StageRunner& runner);
void train_and_measure_dynamics(StageRunner& runner);
void train_and_measure_planner(StageRunner& runner);
// Grows chains and writes augmented.npz, or skips both when the folder holds the file of these very settings.
// Returns its path.
std::string augment_and_measure(StageRunner& runner);

// Writes a generated data set and its validation part (apps/commands/data.cpp). Error(usage) where the environment is unknown or
// has no generator.
struct CollectedFiles {
    std::string train, validation;
    int64_t rows = 0, validation_rows = 0;
};
CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads);

std::vector<std::string> keys_of(const data::Json& object);
// Prints the figures whose keys are not in `before`, as a table or as one JSON object.
void print_new(const data::Json& results, const std::vector<std::string>& before, bool json);

// What a replay says of bridges: dvr_transition_K, dvr_bridge_K.
void put_stored_rates(data::Json& results, const data::Replay& replay);

// key_0.5: a tolerance as the keys of results.json write it.
std::string at_tolerance(const std::string& key, double tolerance);

}  // namespace astro::app
