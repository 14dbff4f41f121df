// The quality of the stitched data without a simulator: judged by models that the method does not use, compared with
// held-out rows, and counted. The figures come from the stored data, so that `astro data verify --run` finds the
// same ones for any file.
#include "apps/measure/judges.h"

#include <algorithm>
#include <cmath>

#include "apps/command_line/settings.h"
#include "apps/measure/measure.h"
#include "astro/measure/coverage.h"
#include "astro/measure/joins.h"
#include "data/file.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr double kUsefulJudges = .2;  // share of real transitions that judges may find wrong
constexpr size_t kListed = 20;        // joins and episodes in results.json

std::vector<float> states_of(const data::Dataset& d, const std::vector<int64_t>& rows) {
    std::vector<float> states;
    for (int64_t t : rows) states.insert(states.end(), d.observation(t), d.observation(t + 1));
    return states;
}

}  // namespace

void put_judgement(data::Json& results, const Context& context, const Judges& judges, const data::Dataset& data,
                   const std::vector<std::vector<int64_t>>& groups, const std::vector<double>& tolerances,
                   bool bridges) {
    const Judgement made = judge_groups(context, judges, data, groups, tolerances);
    put_rates(results, "dvr_transition_ensemble", bridges ? "dvr_bridge_ensemble" : "", made.rates);
    const Judgement real =
        judge_groups(context, judges, judges.held_out, rows_by_window(judges.held_out, 1), tolerances);
    put_rates(results, "dvr_real_ensemble", "", real.rates);
    std::vector<size_t> lengths;
    for (const std::vector<int64_t>& group : groups) lengths.push_back(group.size());
    const auto length = static_cast<int64_t>(percentile(lengths, 50));
    if (bridges && length > 0)
        if (const auto windows = rows_by_window(judges.held_out, length); !windows.empty())
            put_rates(results, "", "dvr_real_window_ensemble",
                      judge_groups(context, judges, judges.held_out, windows, tolerances).rates);
    results["ensemble_error_generated"] = made.error;
    results["ensemble_error_real"] = real.error;
    results["ensemble_disagreement_generated"] = made.disagreement;
    results["ensemble_disagreement_real"] = real.disagreement;
}

void put_coverage(data::Json& results, ThreadPool& threads, const Judges& judges, const data::Dataset& data,
                  const std::vector<int64_t>& generated) {
    const Coverage c = measure_coverage(threads, judges.held_out.observations, judges.known, data.observations,
                                        states_of(data, generated), judges.sigma_delta);
    results["coverage_radius"] = c.radius;
    results["coverage"] = c.covered;
    results["coverage_new"] = c.novel;
}

std::vector<int64_t> generated_rows(const std::vector<std::vector<int64_t>>& bridges) {
    std::vector<int64_t> rows;  // the first row of a bridge is the recorded one that it leaves
    for (const std::vector<int64_t>& bridge : bridges) rows.insert(rows.end(), bridge.begin() + 1, bridge.end());
    return rows;
}

namespace {

void put_joins(data::Json& results, const Joins& joins) {
    results["joined_pairs"] = ssize(joins.pairs);
    results["joined_episodes"] = ssize(joins.episodes);
    results["joined_most"] = joins.pairs.empty() ? int64_t{0} : joins.pairs[0].bridges;
    data::Json pairs = data::Json::array(), episodes = data::Json::array();
    for (size_t i = 0; i < std::min(kListed, joins.pairs.size()); ++i) {
        data::Json entry = data::Json::object();
        entry["from"] = joins.pairs[i].from, entry["to"] = joins.pairs[i].to;
        entry["bridges"] = joins.pairs[i].bridges;
        pairs.push(entry);
    }
    for (size_t i = 0; i < std::min(kListed, joins.episodes.size()); ++i) {
        data::Json entry = data::Json::object();
        entry["episode"] = joins.episodes[i].episode, entry["left"] = joins.episodes[i].left;
        entry["entered"] = joins.episodes[i].entered;
        episodes.push(entry);
    }
    results["joins"] = pairs;
    results["joins_by_episode"] = episodes;
}

// Arrival errors if the judges are right: they roll out the actions of stored bridges from the cut, and those of
// bridges between held-out rows. Guidance has made the dynamics model's own errors small, so they say less.
void put_arrival(StageRunner& runner, const Judges& judges, const data::RecordedData& stitched,
                 const std::vector<std::vector<int64_t>>& bridges) {
    Pipeline& pipeline = runner.pipeline();
    data::Json& results = runner.results();
    auto put = [&](const std::string& key, const std::vector<JudgedPlan>& plans) {
        const std::vector<double> errors = judged_arrival_errors(runner.context(), judges, plans);
        if (errors.empty()) return errors;
        results[key + "_median"] = percentile(errors, 50);
        results[key + "_90"] = percentile(errors, 90);
        return errors;
    };
    put_arrival_errors(results, "arrival_errors_ensemble",
                       put("arrival_error_ensemble", stored_plans(stitched, bridges, pipeline.train_data())),
                       runner.config());
    put("validation_arrival_error_ensemble",
        best_plans(judges, pipeline.validation_ends(Pipeline::kValidationBridges), pipeline.validation_bridges()));
    const BridgedEnds& cross = pipeline.cross_bridges();
    put("validation_cross_arrival_error_ensemble", best_plans(judges, cross.ends, cross.bridges));
}

}  // namespace

void measure_stitched(StageRunner& runner, const data::RecordedData& stitched) {
    Pipeline& pipeline = runner.pipeline();
    data::Json& results = runner.results();
    OneStepModels& models = pipeline.one_step();
    const std::string fingerprint = pipeline.fingerprint("one_step"),
                      judged = pipeline.fingerprint("augment") + fingerprint;
    if (const data::Json* known = results.find("judged_fingerprint");
        known && known->as_string() == judged && data::file_exists(runner.folder().file(kJudgesFile)))
        return;
    if (!runner.finished(models, fingerprint)) runner.train({models, fingerprint, {}, {}});
    const double start = seconds_now();
    const Judges judges = make_judges(pipeline);
    save_judges(runner.folder().file(kJudgesFile), judges);
    const std::vector<std::vector<int64_t>> bridges = rows_by_bridge(stitched.recorded);
    put_judgement(results, runner.context(), judges, stitched.data, bridges, runner.config().metrics.tolerances, true);
    put_arrival(runner, judges, stitched, bridges);
    put_coverage(results, runner.threads(), judges, stitched.data, generated_rows(bridges));
    put_joins(results, count_joins(stitched.recorded, pipeline.recorded()));
    runner.clear_warnings("one_step");
    const data::Json* misjudged = results.find(at_tolerance("dvr_real_ensemble", kHeadline));
    if (misjudged && misjudged->as_real() > kUsefulJudges)
        runner.warn("one_step", text("the ensemble finds ", print_real(std::round(1000 * misjudged->as_real()) / 10),
                                     " % of held-out recorded transitions wrong at ", kHeadline,
                                     " sigma_delta, so its judgement of bridges says little; hint: more "
                                     "one_step.updates"));
    results["judged_fingerprint"] = judged;
    runner.add_seconds("augment/judged", seconds_now() - start);
    const double share =
        runner.seconds("one_step") + runner.seconds("one_step/metrics") + runner.seconds("augment/judged");
    runner.progress().note(
        text("one-step models and measurements without a simulator: ", print_real(std::round(10 * share) / 10), " s, ",
             print_real(std::round(1000 * share / runner.seconds()) / 10), " % of the run so far"));
    runner.save_results();
}

}  // namespace astro::app
