#include "apps/report/sections.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>
#include <vector>

#include "apps/report/chart.h"
#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

// The endings of the keys PREFIX_*, in order of appearance: numbers of steps, or tolerances.
std::vector<std::string> endings(const data::Json& results, const std::string& prefix) {
    std::vector<std::string> found;
    for (const auto& [key, value] : results.members())
        if (key.compare(0, prefix.size(), prefix) == 0) found.push_back(key.substr(prefix.size()));
    return found;
}

double count_of(const data::Json& results, const std::string& key) {
    const double count = value_of(results, key);
    return std::isfinite(count) ? count : 0;
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

// The points (ending of the key as a number, value) of the keys PREFIX_*.
Series by_ending(const data::Json& results, const std::string& name, const std::string& prefix) {
    Series series{name, {}};
    for (const std::string& ending : endings(results, prefix)) {
        char* end = nullptr;
        const double x = std::strtod(ending.c_str(), &end);
        if (*end == 0 && end != ending.c_str()) series.points.push_back({x, value_of(results, prefix + ending)});
    }
    std::sort(series.points.begin(), series.points.end(), [](XY a, XY b) { return a.x < b.x; });
    return series;
}

std::vector<double> numbers(const data::Json& list) {
    std::vector<double> values;
    for (const data::Json& v : list.elements()) values.push_back(v.as_real());
    return values;
}

std::string violation_chart(const data::Json& results) {
    Chart chart;
    chart.title = "Share of bridges that violate the dynamics, by tolerance";
    chart.x_label = "tolerance, sigma";
    chart.from_zero = chart.dots = true;
    for (const auto& [name, prefix] :
         {std::pair{"all attempts before acceptance, by the simulator", "dvr_bridge_snap_before_acceptance_"},
          std::pair{"accepted, by the simulator", "dvr_bridge_snap_"},
          std::pair{"as stored, by the simulator", "dvr_bridge_"},
          std::pair{"accepted, by the dynamics model", "dvr_bridge_model_"},
          std::pair{"as stored, by the one-step networks", "dvr_bridge_ensemble_"},
          std::pair{"recorded windows, by the one-step networks", "dvr_real_window_ensemble_"}})
        chart.series.push_back(by_ending(results, name, prefix));
    return line_chart(chart);
}

std::string arrival_chart(const data::Json& results) {
    Chart chart;
    chart.title = "Share of bridges by arrival error; the last bin contains all larger errors";
    chart.x_label = "arrival error, sigma";
    chart.from_zero = true;
    chart.mark = value_of(results, "arrival_error_threshold");
    chart.mark_words = "largest error that is accepted";
    for (const auto& [name, key] : {std::pair{"all attempts, by the dynamics", "arrival_errors"},
                                    std::pair{"within held-out episodes, by the dynamics", "validation_arrival_errors"},
                                    std::pair{"accepted, by the simulator", "true_arrival_errors"},
                                    std::pair{"accepted, by the one-step networks", "arrival_errors_ensemble"}})
        if (const data::Json* histogram = results.find(key))
            chart.series.push_back(outline(name, histogram->at("width").as_real(), numbers(histogram->at("counts"))));
    return line_chart(chart);
}

std::string yield_bar(const data::Json& results) {
    return divided_bar("What became of all attempted bridges",
                       {{"accepted", count_of(results, "augment_bridges")},
                        {"too far from the target", count_of(results, "rejected_arrival")},
                        {"a step longer than real ones", count_of(results, "rejected_implausible")},
                        {"members of the ensemble disagree", count_of(results, "rejected_disagreement")},
                        {"the bound on the true error is too large", count_of(results, "rejected_uncertain")}});
}

std::string chains_bar(const data::Json& results) {
    return divided_bar("Why chains ended",
                       {{"as many bridges as allowed", count_of(results, "chains_ended_by_depth")},
                        {"no target was found", count_of(results, "chains_ended_without_target")},
                        {"too many bridges were rejected", count_of(results, "chains_ended_by_rejections")}});
}

std::string arrival_table(const data::Json& results) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"bridges within held-out episodes, by the dynamics", "validation_arrival_error_"},
        {"bridges from held-out rows to other episodes, by the dynamics", "validation_cross_arrival_error_"},
        {"bridges within held-out episodes, by the one-step networks", "validation_arrival_error_ensemble_"},
        {"bridges from held-out rows to other episodes, by these networks", "validation_cross_arrival_error_ensemble_"},
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
           "separate models that neither plan nor accept bridges. Their judgement is that of a model: compare it with "
           "their rates on held-out recorded rows.</p>" +
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
           percent(value_of(results, "novelty")) +
           " of the visited pairs of cell and heading occur in no recorded row.</p>";
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
    Chart chart;
    chart.title = "Open-loop error, sigma";
    chart.x_label = "steps";
    chart.from_zero = chart.dots = true;
    for (const auto& [name, prefix] : {std::pair{"dynamics, one pass", "dynamics_rmse_one_pass_"},
                                       std::pair{"dynamics, sampled", "dynamics_rmse_sampled_"},
                                       std::pair{"dynamics, mean of all networks", "dynamics_rmse_mean_"},
                                       std::pair{"one-step network, rolled out", "dynamics_rmse_one_step_"},
                                       std::pair{"standing still", "dynamics_rmse_persistence_"}})
        chart.series.push_back(by_ending(results, name, prefix));
    return "<h3>Dynamics</h3><p>Open-loop error on held-out rows, in sigma, after a number of steps.</p>" +
           line_chart(chart) +
           table(results, "error after steps", steps,
                 {{"dynamics, one pass", "dynamics_rmse_one_pass_"},
                  {"dynamics, sampled", "dynamics_rmse_sampled_"},
                  {"dynamics, mean of all networks", "dynamics_rmse_mean_"},
                  {"one-step network, rolled out", "dynamics_rmse_one_step_"},
                  {"standing still", "dynamics_rmse_persistence_"}},
                 false) +
           (results.find("one_step_updates")
                ? "<p>" + number(value_of(results, "dynamics_updates")) + " updates of the dynamics, " +
                      number(value_of(results, "one_step_updates")) + " of the one-step network.</p>"
                : "");
}

std::string stitched_section(const data::Json& results) {
    const std::string charts =
        yield_bar(results) + chains_bar(results) + violation_chart(results) + arrival_chart(results);
    const bool judged = !endings(results, "dvr_transition_ensemble_").empty();
    if (charts.empty() && !judged) return "";
    return "<h3>Stitched data</h3><div class=\"row\">" + charts + "</div>" +
           (judged ? arrival_table(results) + violation_table(results) + coverage_sentences(results) +
                         joins_tables(results)
                   : "");
}

std::string distances_section(const data::Json& results) {
    const data::Json* curve = results.find("calibration_curve");
    if (!curve) return "";
    const std::vector<double> steps = numbers(curve->at("steps"));
    auto line = [&](const char* key) {
        std::vector<XY> points;
        const std::vector<double> values = numbers(curve->at(key));
        for (size_t i = 0; i < std::min(steps.size(), values.size()); ++i) points.push_back({steps[i], values[i]});
        return points;
    };
    Chart chart;
    chart.title = "Steps according to the temporal distance";
    chart.x_label = "steps apart in an episode";
    chart.from_zero = true;
    chart.series = {{"median after calibration, with quartiles", line("median"), line("lower"), line("higher")},
                    {"median before calibration", line("predicted")},
                    {"exact", {}}};
    for (double n : steps) chart.series.back().points.push_back({n, n});
    const std::string svg = line_chart(chart);
    return svg.empty() ? "" : "<h3>Temporal distance</h3>" + svg;
}

}  // namespace astro::app::report
