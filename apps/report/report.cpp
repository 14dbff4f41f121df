#include "apps/report/report.h"

#include <cmath>
#include <map>

#include "apps/method_names.h"
#include "apps/report/compare.h"
#include "apps/report/curves.h"
#include "apps/report/pictures.h"
#include "apps/report/play.h"
#include "apps/report/sections.h"
#include "astro/augmenters/augmenter.h"
#include "astro/config/config.h"

namespace astro::app::report {

namespace {

const char* const kStyle =
#include "apps/report/style.inl"
    ;

// Largest page in bytes. If it would be larger, interactive parts are left out, beginning with those of the last run.
constexpr size_t kMost = 3000000;

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

// What the program warned of, in words, before all figures.
std::string warnings(const std::vector<Run>& runs) {
    std::string out;
    for (const Run& run : runs)
        if (const data::Json* list = run.results.find("warnings"))
            for (const data::Json& w : list->elements())
                out +=
                    "<p class=\"warn\">Warning: " + escape((runs.size() > 1 ? run.folder + ": " : "") + w.as_string()) +
                    "</p>";
    return out;
}

std::string figures_table(const data::Json& results) {
    std::string out = "<table><tr><th>figure</th><th>value</th></tr>";
    for (const auto& [key, value] : results.members()) {
        const data::Json::Kind kind = value.kind();
        if (key.compare(0, 8, "success/") == 0 || kind == data::Json::Kind::array || kind == data::Json::Kind::object)
            continue;
        const std::string words = kind == data::Json::Kind::real ? number(value.as_real()) : value.dump(0);
        out += "<tr><td>" + escape(key) + "</td><td>" + escape(words) + "</td></tr>";
    }
    return out + "</table>";
}

// The part that the script fills, if it is not too large.
std::string play_section(const std::string& json, const std::string& id) {
    return "<div class=\"play\" data-from=\"data-" + id + "\" data-replaces=\"static-" + id +
           "\" hidden></div><script type=\"application/json\" id=\"data-" + id + "\">" + json + "</script>";
}

std::string run_section(const Run& run, const std::string& play, const std::string& id) {
    const WorldView view = view_of(run);
    const data::Json* environment = run.results.find("environment");
    return "<h2>" + escape((environment ? environment->as_string() + ": " : "") + run.folder) + "</h2>" + lead(run) +
           success_table(run) + "<h3>Pictures</h3>" + play + pictures_section(run, view, id) +
           distances_section(run.results) + dynamics_section(run.results) + stitched_section(run.results);
}

std::string details(const Run& run) {
    return "<h2>Metrics of " + escape(run.folder) + "</h2><details><summary>all " +
           std::to_string(run.results.members().size()) + "</summary>" + figures_table(run.results) +
           "</details><details><summary>settings</summary><pre>" + escape(run.config) +
           "</pre></details><details><summary>manifest</summary><pre>" + escape(run.manifest) + "</pre></details>";
}

}  // namespace

std::string render(const std::vector<std::string>& folders) {
    std::vector<Run> runs;
    for (const std::string& folder : folders) runs.push_back(load(folder));
    std::vector<const Run*> all;
    std::map<std::string, std::vector<const Run*>> environments;
    std::map<std::string, std::vector<const std::vector<MetricRow>*>> metrics;
    for (const Run& run : runs) {
        all.push_back(&run);
        environments[run.environment()].push_back(&run);
        metrics[run.environment()].push_back(&run.metrics);
    }

    const std::string head = std::string(kPageStart) +
                             "\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                             "content=\"width=device-width\"><title>astro report</title><style>" +
                             std::string(kStyle) + "</style></head><body><h1>astro report</h1>" + warnings(runs);
    std::string tables, rest = "<h2>Curves</h2>" + curves(metrics);
    for (const auto& [environment, members] : environments)
        if (members.size() > 1) tables += joint_tables(environment, members);
    if (runs.size() > 1) tables += settings_that_differ(all);
    for (const Run& run : runs) rest += details(run);
    const std::string script = "<script>" + play_script() + "</script>", end = "</body></html>\n";

    size_t size = head.size() + tables.size() + rest.size() + script.size() + end.size();
    std::vector<std::string> plays;
    for (size_t i = 0; i < runs.size(); ++i) {
        const std::string json = play_data(runs[i], view_of(runs[i]));
        plays.push_back(json.empty() ? "" : play_section(json, std::to_string(i)));
        size += run_section(runs[i], "", std::to_string(i)).size();
    }
    bool any = false;
    std::string sections;
    for (size_t i = 0; i < runs.size(); ++i) {
        if (size + plays[i].size() > kMost)
            plays[i] =
                "<p class=\"note\">The interactive parts of this run are left out, because the page "
                "would be too large. A report on this run alone has them.</p>";
        else
            any = any || !plays[i].empty();
        size += plays[i].size();
        sections += run_section(runs[i], plays[i], std::to_string(i));
    }
    return head + tables + sections + rest + (any ? script : "") + end;
}

}  // namespace astro::app::report
