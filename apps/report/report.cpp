#include "apps/report/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>

#include "apps/method_names.h"
#include "apps/report/pictures.h"
#include "apps/report/sections.h"
#include "apps/report/svg.h"
#include "apps/run/metrics_log.h"
#include "apps/run/run_dir.h"
#include "astro/augmenters/augmenter.h"
#include "astro/config/config.h"
#include "data/file.h"
#include "data/json.h"
#include "data/npz.h"
#include "tensor/base/error.h"
#include "tensor/base/percentile.h"

namespace astro::app::report {

namespace {

const char* const kStyle = R"(
:root{--ink:#1c2330;--soft:#5b6678;--page:#fff;--line:#d9dee6;--wall:#2f3a4c;--free:#f3f5f8;--a:#2f6fd0;--b:#d2571e;--c:#2c8f5b;--d:#8a4fc0}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa5b8;--page:#14181f;--line:#2c3442;--wall:#59657a;--free:#1c222c;--a:#6ea5f5;--b:#f08a55;--c:#5cc48d;--d:#b98cf0}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.lead{font-size:1.1rem}
table{border-collapse:collapse}td,th{padding:.25rem .8rem;border-bottom:1px solid var(--line);text-align:right}td:first-child,th:first-child{text-align:left}
.row{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:0 1 340px}figcaption{color:var(--soft);font-size:.85rem}
svg{width:100%;height:auto;background:var(--free)}svg.chart{background:none}.wall{fill:var(--wall)}.heat{fill:var(--a)}
polyline{fill:none}.real{stroke:var(--a);stroke-width:.22;opacity:.75}.bridge{stroke:var(--b);stroke-width:.5}
.won{stroke:var(--c);stroke-width:.22}.lost{stroke:var(--b);stroke-width:.18;opacity:.7}.start{fill:var(--a)}.goal{fill:var(--c)}
.line0{stroke:var(--a);stroke-width:1.5}.line1{stroke:var(--b);stroke-width:1.5}.line2{stroke:var(--c);stroke-width:1.5}.line3{stroke:var(--d);stroke-width:1.5}
.band{stroke:none;fill-opacity:.18}.band.line0{fill:var(--a)}.band.line1{fill:var(--b)}.band.line2{fill:var(--c)}.band.line3{fill:var(--d)}
text{fill:var(--soft);stroke:none;font:11px system-ui,sans-serif}text.name{fill:var(--ink);font-size:13px}text.key{font-size:11px;stroke:none}
text.line0{fill:var(--a)}text.line1{fill:var(--b)}text.line2{fill:var(--c)}text.line3{fill:var(--d)}.grid{stroke:var(--line)}
pre{overflow:auto;background:var(--free);padding:.8rem;font-size:12px}.warn{color:var(--b)}
)";

struct Run {
    std::string folder;
    data::Json results = data::Json::object();
    std::vector<MetricRow> metrics;
    std::string config, manifest;
    std::shared_ptr<data::NpzReader> pictures;
};

Run load(const std::string& folder) {
    Run run;
    run.folder = folder;
    bool any = false;
    auto text_of = [&](const char* name) {
        const std::string path = folder + "/" + name;
        if (!data::file_exists(path)) return std::string();
        any = true;
        return data::read_text_file(path);
    };
    const std::string results = text_of("results.json");
    if (!results.empty()) run.results = data::Json::parse(results, folder + "/results.json");
    run.config = text_of("config.ini");
    run.manifest = text_of("manifest.json");
    if (data::file_exists(folder + "/metrics.csv")) run.metrics = read_metrics(folder + "/metrics.csv"), any = true;
    if (data::file_exists(folder + "/pictures.npz"))
        run.pictures = std::make_shared<data::NpzReader>(folder + "/pictures.npz"), any = true;
    if (!any) fail(ErrorKind::io, folder, ": no run folder: it contains no results.json, metrics.csv or config.ini");
    return run;
}

// The evaluated arms and learners, in order of appearance in the keys success/ARM/LEARNER/last.
struct Evaluated {
    std::vector<std::string> arms, learners;
};
Evaluated evaluated(const std::vector<const Run*>& runs) {
    Evaluated found;
    auto note = [](std::vector<std::string>& names, const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const Run* run : runs)
        for (const auto& [key, value] : run->results.members()) {
            if (key.compare(0, 8, "success/") != 0 || key.compare(key.size() - 5, 5, "/last") != 0) continue;
            const size_t slash = key.find('/', 8);
            note(found.arms, key.substr(8, slash - 8));
            note(found.learners, key.substr(slash + 1, key.size() - slash - 6));
        }
    return found;
}

std::string success_table(const Run& run) {
    const Evaluated names = evaluated({&run});
    if (names.arms.empty()) return "<p>No policy was evaluated.</p>";
    bool scores = false;
    for (const auto& [key, value] : run.results.members()) scores = scores || key.compare(0, 6, "score/") == 0;
    std::string out = "<table><tr><th>trained on</th>";
    for (const std::string& learner : names.learners)
        out += "<th>" + escape(learner) + ", last</th><th>best</th><th>by task, last</th>" +
               (scores ? "<th>normalised score, last</th>" : "");
    out += "</tr>";
    for (const std::string& arm : names.arms) {
        out += "<tr><td>" + arm_words(arm) + "</td>";
        for (const std::string& learner : names.learners) {
            const std::string key = "success/" + arm + "/" + learner;
            out += "<td>" + percent(value_of(run.results, key + "/last")) + "</td><td>" +
                   percent(value_of(run.results, key + "/best")) + "</td><td>";
            for (int task = 1; task <= 5; ++task)
                if (run.results.find(key + "/task" + std::to_string(task)))
                    out += number(100 * value_of(run.results, key + "/task" + std::to_string(task))) + " ";
            out += "</td>";
            if (scores) out += "<td>" + number(value_of(run.results, "score" + key.substr(7) + "/last")) + "</td>";
        }
        out += "</tr>";
    }
    return out + "</table>";
}

// "median (minimum to maximum)" of a figure over the runs that have it.
std::string spread(const std::vector<const Run*>& runs, const std::string& key, bool share) {
    std::vector<double> values;
    for (const Run* run : runs)
        if (const double v = value_of(run->results, key); std::isfinite(v)) values.push_back(v);
    if (values.empty()) return "-";
    std::sort(values.begin(), values.end());
    auto words = [&](double v) { return share ? percent(v) : number(v); };
    return words(mid_median(values)) +
           (values.size() > 1 ? " (" + words(values.front()) + " to " + words(values.back()) + ")" : "");
}

// A table for several runs of one environment: success of all policies and main figures, as median and range.
std::string joint_table(const std::string& environment, const std::vector<const Run*>& runs) {
    const Evaluated names = evaluated(runs);
    std::string out = "<h2>" + escape(environment) + ": " + std::to_string(runs.size()) +
                      " runs, median (minimum to maximum)</h2><table><tr><th>success, last checkpoint</th>";
    for (const std::string& learner : names.learners) out += "<th>" + escape(learner) + "</th>";
    out += "</tr>";
    for (const std::string& arm : names.arms) {
        out += "<tr><td>" + arm_words(arm) + "</td>";
        for (const std::string& learner : names.learners)
            out += "<td>" + spread(runs, "success/" + arm + "/" + learner + "/last", true) + "</td>";
        out += "</tr>";
    }
    out += "</table><table><tr><th>figure</th><th></th></tr>";
    constexpr std::tuple<const char*, const char*, bool> kFigures[] = {
        {"augment_bridges", "accepted bridges", false},
        {"yield", "accepted bridges of all attempts", true},
        {"dvr_bridge_snap_before_acceptance_0.5",
         "bridges that violate the dynamics at 0.5 sigma, all attempts, snapped", true},
        {"dvr_bridge_0.5", "bridges that violate the dynamics at 0.5 sigma, as stored", true},
        {"dvr_bridge_model_0.5", "the same, judged by the dynamics model", true},
        {"dvr_bridge_ensemble_0.5", "the same, judged by the one-step networks", true},
        {"dvr_real_window_ensemble_0.5", "recorded windows as long as a bridge, judged by the one-step networks", true},
        {"true_arrival_error_median", "arrival error in the exact simulator, sigma", false},
        {"spearman_raw", "rank correlation of latent distance and geodesic distance", false},
        {"spearman_closed", "the same, closed over landmarks", false}};
    for (const auto& [key, words, share] : kFigures)
        out += std::string("<tr><td>") + words + "</td><td>" + spread(runs, key, share) + "</td></tr>";
    return out + "</table>";
}

// Combines the curves of several runs: the median at each step, with a band from minimum to maximum.
Series joined(const std::string& name, const std::vector<std::vector<XY>>& lines) {
    Series out;
    out.name = name;
    if (lines.size() == 1) {
        out.points = lines[0];
        return out;
    }
    std::map<double, std::vector<double>> at;
    for (const std::vector<XY>& line : lines)
        for (const XY& p : line)
            if (std::isfinite(p.y)) at[p.x].push_back(p.y);
    for (auto& [x, values] : at) {
        std::sort(values.begin(), values.end());
        out.low.push_back({x, values.front()});
        out.points.push_back({x, mid_median(values)});
        out.high.push_back({x, values.back()});
    }
    return out;
}

// One chart per key. For policies, one chart per learner with a line for each arm. Runs of one environment are
// combined.
std::string curves(const std::map<std::string, std::vector<const Run*>>& environments) {
    std::map<std::string, std::vector<Series>> charts;
    for (const auto& [environment, runs] : environments) {
        std::map<std::string, std::vector<std::vector<XY>>> lines;  // by key, one line per run
        for (const Run* run : runs) {
            std::map<std::string, std::vector<XY>> own;
            for (const MetricRow& row : run->metrics)
                if (row.key.find("gradient_norm") == std::string::npos &&
                    row.key.find("success_task") == std::string::npos)
                    own[row.key].push_back({static_cast<double>(row.step), row.value});
            for (auto& [key, points] : own) lines[key].push_back(std::move(points));
        }
        for (const auto& [key, points] : lines) {
            std::string chart = key, name = key;
            if (key.compare(0, 7, "policy/") == 0) {  // policy/ARM/LEARNER/what
                const size_t slash = key.find('/', 7);
                name = key.substr(7, slash - 7);
                chart = "policy " + key.substr(slash + 1);
            }
            charts[environments.size() > 1 ? environment + ": " + chart : chart].push_back(joined(name, points));
        }
    }
    std::string out = "<div class=\"row\">";
    for (const auto& [key, series] : charts) out += "<figure>" + line_chart(key, "updates", series) + "</figure>";
    return out + "</div>";
}

// One sentence: success with the recorded data, and with those that `astro augment` made.
std::string lead(const Run& run) {
    std::string sentence;
    for (const std::string& arm : arm_names()) {
        const augmenters::Row& row = augmenters::row_of(arm);
        const double success = value_of(run.results, "success/" + arm + "/" + learner_names().front() + "/last");
        if ((row.make && !row.kept) || !std::isfinite(success)) continue;
        sentence += (sentence.empty() ? "" : ", ") + percent(success) + " with " + row.label;
    }
    if (sentence.empty()) return "";
    return "<p class=\"lead\">Episodes in which a policy trained by " + learner_names().front() +
           " reaches the goal: " + sentence + ".</p>";
}

std::string figures_table(const data::Json& results) {
    std::string out = "<table><tr><th>figure</th><th>value</th></tr>";
    for (const auto& [key, value] : results.members()) {
        if (key.compare(0, 8, "success/") == 0 || value.kind() == data::Json::Kind::array) continue;
        const std::string words = value.kind() == data::Json::Kind::real ? number(value.as_real()) : value.dump(0);
        out += "<tr><td>" + escape(key) + "</td><td>" + escape(words) + "</td></tr>";
    }
    return out + "</table>";
}

}  // namespace

std::string render(const std::vector<std::string>& folders) {
    std::vector<Run> runs;
    for (const std::string& folder : folders) runs.push_back(load(folder));
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\">"
        "<title>astro report</title><style>" +
        std::string(kStyle) + "</style></head><body><h1>astro report</h1>";
    std::map<std::string, std::vector<const Run*>> environments;
    for (const Run& run : runs) {
        const data::Json* environment = run.results.find("environment");
        environments[environment ? environment->as_string() : "no simulator"].push_back(&run);
    }
    for (const auto& [environment, members] : environments)
        if (members.size() > 1) out += joint_table(environment, members);
    for (const Run& run : runs) {
        const data::Json* environment = run.results.find("environment");
        out += "<h2>" + escape((environment ? environment->as_string() + ": " : "") + run.folder) + "</h2>";
        out += lead(run);
        out += success_table(run);
        if (const data::Json* warnings = run.results.find("warnings"))
            for (const data::Json& w : warnings->elements())
                out += "<p class=\"warn\">Warning: " + escape(w.as_string()) + "</p>";
        out += "<h2>Pictures</h2>" + pictures_section(run.pictures.get(), run.results) + dynamics_section(run.results) +
               stitched_section(run.results);
    }
    out += "<h2>Curves</h2>" + curves(environments);
    for (const Run& run : runs)
        out += "<h2>Metrics of " + escape(run.folder) + "</h2><details><summary>all " +
               std::to_string(run.results.members().size()) + "</summary>" + figures_table(run.results) +
               "</details><details><summary>settings</summary><pre>" + escape(run.config) +
               "</pre></details><details><summary>manifest</summary><pre>" + escape(run.manifest) + "</pre></details>";
    return out + "</body></html>\n";
}

}  // namespace astro::app::report
