// Judges of transitions where there is no simulator: the one-step models, which the method itself does not use, and
// held-out rows that show how reliable they are (docs/method.md 11.8). A separate file contains all that is needed to
// judge a data set.
#pragma once

#include <string>
#include <vector>

#include "astro/measure/metrics.h"
#include "astro/pipeline.h"

namespace astro::method {

struct Judges {
    data::Units units;                // of the data that they were trained on
    std::vector<double> sigma_delta;  // (D), in the method's units, as all below
    std::vector<nn::Mlp> members;     // (D + A) -> (D): the change of the state in sigma_delta
    data::Dataset held_out;           // real rows that nothing was trained on, at most kHeldOutRows
    std::vector<float> known;         // (n, D): states of the training rows, evenly spaced, at most kKnownRows

    static constexpr int64_t kHeldOutRows = 20000, kKnownRows = 10000;
};

// Of a pipeline whose one-step models are trained. They share the networks.
Judges make_judges(Pipeline& pipeline);

void save_judges(const std::string& path, const Judges& judges);
// Error(data) names file and array if an array is missing or has the wrong shape or contents.
Judges load_judges(Backend& backend, const std::string& path);

// Of transitions t -> t + 1 of a data set in the units of the judges: the distance of the stored next state from the
// mean of the members' predictions, and the rms distance of the members from their mean; both rms over the dimensions,
// in sigma_delta. The result does not depend on the number of threads.
struct Judged {
    std::vector<double> error, disagreement;  // (rows)
};
Judged judge_transitions(const Context& context, const Judges& judges, const data::Dataset& data,
                         const std::vector<int64_t>& rows);

// The synthetic transitions of a data set by bridge, in order; rows t of transitions t -> t + 1.
std::vector<std::vector<int64_t>> rows_by_bridge(const data::Dataset& stitched);
// All transitions of a data set, in windows of `length` transitions of one episode; a shorter remainder is left out.
std::vector<std::vector<int64_t>> rows_by_window(const data::Dataset& data, int64_t length);

// The judges' results for groups of transitions: bridges, or windows of real rows.
struct Judgement {
    ViolationRates rates;  // `bridge`: share of groups with any violation
    double error = 0;      // medians over transitions
    double disagreement = 0;
};
Judgement judge_groups(const Context& context, const Judges& judges, const data::Dataset& data,
                       const std::vector<std::vector<int64_t>>& groups, const std::vector<double>& tolerances);

// A plan from a state to a target, of any number of actions n, in the units of the judges.
struct JudgedPlan {
    std::vector<float> first, actions, target;  // (D), (n, A), (D)
};
// The stored bridges. source: the rows to which target_row refers, in the units of the judges.
std::vector<JudgedPlan> stored_plans(const data::RecordedData& stitched,
                                     const std::vector<std::vector<int64_t>>& bridges, const data::Dataset& source);
// The best bridge between each pair of ends.
std::vector<JudgedPlan> best_plans(const Judges& judges, const std::vector<StitchEnds>& ends,
                                   const std::vector<std::vector<Bridge>>& bridges);

// For each plan, the distance of its target from the state that the judges reach: the mean of the members'
// predictions, step after step, from its first state. In sigma_delta. Does not depend on the number of threads.
std::vector<double> judged_arrival_errors(const Context& context, const Judges& judges,
                                          const std::vector<JudgedPlan>& plans);

}  // namespace astro::method
