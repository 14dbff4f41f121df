// Measurements of each stage, one for each claim of the paper (docs/method.md 11). Only measurements use the exact
// simulator and the map of the maze. The method itself must not.
#pragma once

#include "astro/chains.h"
#include "astro/dynamics.h"
#include "data/environment.h"
#include "data/units.h"
#include "data/violations.h"

namespace astro::method {

using data::ExactStep;

// The exact step of an environment, for states and actions in the method's units. Columns that the method leaves out
// take their constant values.
ExactStep in_units(const ExactStep& step, const data::Units& units);

// Spearman's rank correlation; ties get their mean rank.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

// docs/method.md 11.1: does the TDR respect topology? Over all pairs of random rows: the rank correlation of raw,
// closed and Euclidean distance with the geodesic distance. Also the area under the curve with which each distance
// separates wall pairs (Euclidean distance from 1 to 9 tolerances of the environment's goals, geodesic/Euclidean > 2)
// from open pairs of equal Euclidean distance (ratio < 1.15). Euclidean distance is measured over the columns
// spec.position of the recorded rows.
struct DistanceMetrics {
    double spearman_raw = 0, spearman_closed = 0, spearman_euclid = 0;
    double wall_auc_raw = 0, wall_auc_closed = 0;
    int64_t wall_pairs = 0, pairs = 0;
};
DistanceMetrics measure_distances(const Context& context, const TemporalMap& map, const data::Dataset& recorded,
                                  const data::Geodesics& geodesics, const data::EnvironmentSpec& spec, int64_t rows,
                                  uint64_t seed);

// Mean |n_cal - n| / n over pairs of travel rows n steps apart: every third row of every seventh segment, at every
// fourth offset of the calibration table.
double calibration_error(const TemporalMap& map);
// The curve behind it: quartiles of n^ and n_cal over at most 20000 evenly spaced pairs at each of at most 20 offsets
// n.
struct CalibrationCurve {
    std::vector<int64_t> steps;                 // n
    std::vector<double> predicted;              // median n^, before calibration
    std::vector<double> lower, median, higher;  // 25th, 50th and 75th percentile of n_cal
};
CalibrationCurve calibration_curve(const TemporalMap& map);

// docs/method.md 11.4: dynamics violation rate of bridges.
using data::ViolationRates;
using TransitionErrors = std::vector<std::vector<double>>;  // of the transitions of each bridge, in sigma_delta
ViolationRates count_violations(const TransitionErrors& errors, const std::vector<double>& tolerances);
// The errors of all attempts, as if stored with the given seam.
TransitionErrors transition_errors(const std::vector<BridgeAttempt>& attempts, Seam seam, const Statistics& statistics,
                                   const ExactStep& step);
// The same with the dynamics model's one-step prediction in place of the simulator (snapped seam).
TransitionErrors model_transition_errors(const Context& context, const std::vector<BridgeAttempt>& attempts,
                                         const Statistics& statistics, const Dynamics& judge);
// The errors of the accepted attempts.
TransitionErrors of_accepted(const std::vector<BridgeAttempt>& attempts, TransitionErrors errors);
// Real transitions of a data set, within segments, from the simulator's own state (data::simulator_state): all, or
// about spec.replay_rows of them, evenly spread. recorded: the same rows, as in the file.
ViolationRates real_violation_rates(const Trajectories& data, const data::Dataset& recorded, const data::Units& units,
                                    const Statistics& statistics, const std::vector<double>& tolerances,
                                    const data::Environment& environment);
// docs/method.md 11.5: rms arrival error of each accepted bridge when the exact simulator executes its actions, in
// sigma_delta. In order of the attempts.
std::vector<double> true_arrival_errors(const std::vector<BridgeAttempt>& attempts, const Statistics& statistics,
                                        const ExactStep& step);

// Standard deviation of the planned actions over that of the data's actions, rms over dimensions; 0 if nothing was
// planned.
double plan_std_ratio(const std::vector<BridgeAttempt>& attempts, const data::Dataset& real);

// docs/method.md 11.6: share of the (state cell, heading) pairs of the spliced rows that no real row has. plane: the
// columns for x and y, in the method's units; empty: the first two.
double novelty(const data::Dataset& real, const data::Dataset& spliced, const Statistics& statistics,
               std::vector<int64_t> plane);

}  // namespace astro::method
