#include "apps/report/sections.h"

#include <cmath>
#include <utility>
#include <vector>

#include "apps/report/svg.h"

namespace astro::app::report {

namespace {

// The endings of the keys PREFIX_*, in order of appearance: numbers of steps, or tolerances.
std::vector<std::string> endings(const data::Json& results, const std::string& prefix) {
    std::vector<std::string> found;
    for (const auto& [key, value] : results.members())
        if (key.compare(0, prefix.size(), prefix) == 0) found.push_back(key.substr(prefix.size()));
    return found;
}

std::string cell(const std::string& words) { return "<td>" + words + "</td>"; }
std::string number_cell(double value) { return cell(std::isfinite(value) ? number(value) : "-"); }

// A table: one row for each label and key prefix of which any figure exists, one column for each ending.
std::string table(const data::Json& results, const std::string& corner, const std::vector<std::string>& columns,
                  const std::vector<std::pair<std::string, std::string>>& rows, bool share) {
    std::string out = "<table><tr><th>" + corner + "</th>";
    for (const std::string& column : columns) out += "<th>" + escape(column) + "</th>";
    out += "</tr>";
    for (const auto& [label, prefix] : rows) {
        bool any = false;
        for (const std::string& column : columns) any = any || results.find(prefix + column);
        if (!any) continue;
        out += "<tr>" + cell(label);
        for (const std::string& column : columns) {
            const double value = value_of(results, prefix + column);
            out += share ? cell(percent(value)) : number_cell(value);
        }
        out += "</tr>";
    }
    return out + "</table>";
}

std::string arrival_table(const data::Json& results) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"bridges within held-out episodes, by the dynamics", "validation_arrival_error_"},
        {"bridges from held-out rows to other episodes, by the dynamics", "validation_cross_arrival_error_"},
        {"bridges between training episodes, all attempts, by the dynamics", "arrival_error_"},
        {"accepted bridges, by the one-step networks", "arrival_error_ensemble_"},
        {"accepted bridges, by the simulator", "true_arrival_error_"}};
    std::string out = "<table><tr><th>arrival error, sigma</th><th>median</th><th>90th percentile</th></tr>";
    for (const auto& [label, prefix] : rows)
        if (results.find(prefix + "median"))
            out += "<tr>" + cell(label) + number_cell(value_of(results, prefix + "median")) +
                   number_cell(value_of(results, prefix + "90")) + "</tr>";
    return out + "</table>";
}

std::string violation_table(const data::Json& results) {
    return "<p>Transitions whose next state is wrong by more than a tolerance, in sigma. The one-step networks are "
           "models that trained nothing else. Theirs is a model's judgement: compare it with what they say of held-out "
           "recorded rows.</p>" +
           table(results, "violations at", endings(results, "dvr_real_ensemble_"),
                 {{"recorded transitions, held out, by the networks", "dvr_real_ensemble_"},
                  {"transitions of bridges, by the networks", "dvr_transition_ensemble_"},
                  {"transitions of bridges, by the simulator", "dvr_transition_"},
                  {"recorded windows as long as bridges, held out, by the networks", "dvr_real_window_ensemble_"},
                  {"bridges, by the networks", "dvr_bridge_ensemble_"},
                  {"bridges, by the simulator", "dvr_bridge_"}},
                 true);
}

std::string coverage_sentences(const data::Json& results) {
    if (!results.find("coverage")) return "";
    return "<p>" + percent(value_of(results, "coverage")) +
           " of the held-out states have a state of the stitched data within " +
           number(value_of(results, "coverage_radius")) + " sigma; for the recorded data this is 90 %. " +
           percent(value_of(results, "coverage_new")) +
           " of the generated states have no recorded state within that distance; for held-out recorded states this "
           "is 10 %. " +
           percent(value_of(results, "novelty")) + " of the visited cells with heading are in no recorded row.</p>";
}

std::string joins_tables(const data::Json& results) {
    const data::Json *pairs = results.find("joins"), *episodes = results.find("joins_by_episode");
    if (!pairs || !episodes) return "";
    std::string out = "<p>" + number(value_of(results, "augment_bridges")) + " bridges join " +
                      number(value_of(results, "joined_pairs")) + " pairs of " +
                      number(value_of(results, "joined_episodes")) + " episodes.</p><div class=\"row\"><table>" +
                      "<tr><th>from episode</th><th>to episode</th><th>bridges</th></tr>";
    auto integer = [](const data::Json& entry, const char* key) { return cell(number(value_of(entry, key))); };
    for (const data::Json& pair : pairs->elements())
        out += "<tr>" + integer(pair, "from") + integer(pair, "to") + integer(pair, "bridges") + "</tr>";
    out += "</table><table><tr><th>episode</th><th>bridges leave</th><th>bridges enter</th></tr>";
    for (const data::Json& entry : episodes->elements())
        out += "<tr>" + integer(entry, "episode") + integer(entry, "left") + integer(entry, "entered") + "</tr>";
    return out + "</table></div>";
}

}  // namespace

double value_of(const data::Json& results, const std::string& key) {
    const data::Json* v = results.find(key);
    return v ? v->as_real() : std::nan("");
}

std::string dynamics_section(const data::Json& results) {
    const std::vector<std::string> steps = endings(results, "dynamics_rmse_persistence_");
    if (steps.empty()) return "";
    return "<h2>Dynamics</h2><p>Open-loop error on held-out rows, in sigma, after a number of steps.</p>" +
           table(results, "error after steps", steps,
                 {{"dynamics, one pass", "dynamics_rmse_one_pass_"},
                  {"dynamics, sampled", "dynamics_rmse_sampled_"},
                  {"one-step network, rolled out", "dynamics_rmse_one_step_"},
                  {"standing still", "dynamics_rmse_persistence_"}},
                 false) +
           (results.find("one_step_updates")
                ? "<p>" + number(value_of(results, "dynamics_updates")) + " updates of the dynamics, " +
                      number(value_of(results, "one_step_updates")) + " of the one-step network.</p>"
                : "");
}

std::string stitched_section(const data::Json& results) {
    if (endings(results, "dvr_transition_ensemble_").empty()) return "";
    return "<h2>Stitched data</h2>" + arrival_table(results) + violation_table(results) + coverage_sentences(results) +
           joins_tables(results);
}

}  // namespace astro::app::report
