// Figures of generated data that need no simulator (docs/metrics.md), for a run and for `astro data verify --run`.
#pragma once

#include <string>
#include <vector>

#include "apps/run/stage_runner.h"
#include "astro/measure/judges.h"

namespace astro::app {

// The tolerance at which warnings and verdicts are given, in sigma_delta.
constexpr double kHeadline = .5;

// The file of the judges in a run folder.
constexpr const char* kJudgesFile = "judges.npz";

// Violation rates by the judges, and those of held-out real rows for comparison: dvr_*_ensemble_K, ensemble_*.
// data: in the units of the judges. groups: the rows of its generated transitions; bridges: whether they are bridges.
void put_judgement(data::Json& results, const Context& context, const Judges& judges, const data::Dataset& data,
                   const std::vector<std::vector<int64_t>>& groups, const std::vector<double>& tolerances,
                   bool bridges);
// coverage, coverage_new, coverage_radius. generated: rows of `data` that were not recorded.
void put_coverage(data::Json& results, ThreadPool& threads, const Judges& judges, const data::Dataset& data,
                  const std::vector<int64_t>& generated);
// The generated rows of bridges, from the rows of their transitions.
std::vector<int64_t> generated_rows(const std::vector<std::vector<int64_t>>& bridges);

// All figures of the stitched data of a run, read from their file, unless results.json has them. Trains the one-step
// models if they are not trained yet.
void measure_stitched(StageRunner& runner, const data::RecordedData& stitched);

}  // namespace astro::app
