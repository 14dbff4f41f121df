#include "apps/report/compare.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

#include "apps/command_line/config_file.h"
#include "apps/report/sections.h"
#include "apps/report/svg.h"
#include "astro/subgoal_search.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

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

using Settings = std::map<std::string, std::string>;
Settings settings_of(const Run& run) {
    Settings settings;
    for (const ConfigEntry& entry : parse_config(run.config, run.folder + "/config.ini"))
        settings[entry.key] = entry.value;
    return settings;
}

// The learner without the index of its seed: "gcbc" of "gcbc-seed1".
std::string without_seed(const std::string& learner) { return learner.substr(0, learner.find("-seed")); }

// Success of an arm in a run: of the last checkpoint, mean over the seeds of the policy. Not a number if it is missing.
double success_of(const Run& run, const std::string& arm, const std::string& learner) {
    double sum = 0;
    int64_t count = 0;
    for (const std::string& name : evaluated({&run}).learners)
        if (const double value = value_of(run.results, "success/" + arm + "/" + name + "/last");
            without_seed(name) == learner && std::isfinite(value))
            sum += value, ++count;
    return count ? sum / static_cast<double>(count) : std::nan("");
}

std::vector<std::string> learners_of(const Evaluated& names) {
    std::vector<std::string> learners;
    for (const std::string& name : names.learners)
        if (std::count(learners.begin(), learners.end(), without_seed(name)) == 0)
            learners.push_back(without_seed(name));
    return learners;
}

std::string difference_row(const std::string& what, const std::vector<double>& differences) {
    const Difference d = mean_difference(differences);
    if (d.pairs == 0) return "";
    auto points = [](double share) { return number(std::round(share * 1e4) / 100); };
    return "<tr><td>" + what + "</td><td>" + (d.mean > 0 ? "+" : "") + points(d.mean) + "</td><td>" +
           (std::isfinite(d.half) ? points(d.mean - d.half) + " to " + points(d.mean + d.half) : "-") + "</td><td>" +
           std::to_string(d.pairs) + "</td></tr>";
}

std::string difference_table(const std::string& words, const std::string& rows) {
    return rows.empty() ? ""
                        : "<h3>" + words +
                              "</h3><table><tr><th>success, last checkpoint</th><th>difference, percentage "
                              "points</th><th>95 % interval</th><th>pairs</th></tr>" +
                              rows + "</table>";
}

// Each arm against the first one of the same run.
std::string between_arms(const std::vector<const Run*>& runs) {
    const Evaluated names = evaluated(runs);
    std::string rows;
    for (const std::string& learner : learners_of(names))
        for (size_t a = 1; a < names.arms.size(); ++a) {
            std::vector<double> differences;
            for (const Run* run : runs)
                if (const double d =
                        success_of(*run, names.arms[a], learner) - success_of(*run, names.arms[0], learner);
                    std::isfinite(d))
                    differences.push_back(d);
            rows += difference_row(
                escape(learner) + ": " + arm_words(names.arms[a]) + " less " + arm_words(names.arms[0]), differences);
        }
    return difference_table("Between the data of one run", rows);
}

// Runs whose settings agree but for seeds and threads, by seed.
struct Group {
    Settings settings;
    std::string name;  // of its first run
    std::map<std::string, const Run*> by_seed;
};
std::vector<Group> groups_of(const std::vector<const Run*>& runs) {
    std::vector<Group> groups;
    for (const Run* run : runs) {
        Settings settings = settings_of(*run);
        const std::string seed = settings["seed"] + "/" + settings["collect.seed"];
        for (const char* key : {"seed", "collect.seed", "threads"}) settings.erase(key);
        auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.settings == settings; });
        if (group == groups.end()) group = groups.insert(groups.end(), Group{settings, run->folder, {}});
        group->by_seed.emplace(seed, run);
    }
    return groups;
}

// Each group of runs against the first one, seed by seed.
std::string between_groups(const std::vector<const Run*>& runs) {
    const std::vector<Group> groups = groups_of(runs);
    const Evaluated names = evaluated(runs);
    std::string rows;
    for (size_t g = 1; g < groups.size(); ++g)
        for (const std::string& learner : learners_of(names))
            for (const std::string& arm : names.arms) {
                std::vector<double> differences;
                for (const auto& [seed, run] : groups[g].by_seed)
                    if (const auto first = groups[0].by_seed.find(seed); first != groups[0].by_seed.end())
                        if (const double d = success_of(*run, arm, learner) - success_of(*first->second, arm, learner);
                            std::isfinite(d))
                            differences.push_back(d);
                rows += difference_row(escape(learner) + ", " + arm_words(arm) + ": settings of " +
                                           escape(groups[g].name) + " less those of " + escape(groups[0].name),
                                       differences);
            }
    return difference_table("Between settings, runs of the same seed", rows);
}

}  // namespace

Difference mean_difference(const std::vector<double>& differences) {
    // Student's t for a two-sided interval of 95 %, by degrees of freedom from 1.
    static constexpr double kStudent[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                          2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                          2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    Difference d;
    d.pairs = ssize(differences);
    d.half = std::numeric_limits<double>::infinity();
    const auto n = static_cast<double>(d.pairs);
    for (double x : differences) d.mean += x / n;
    if (d.pairs < 2) return d;
    double square = 0;
    for (double x : differences) square += (x - d.mean) * (x - d.mean);
    const auto degrees = to_size(d.pairs - 1);
    const double t = degrees <= std::size(kStudent) ? kStudent[degrees - 1] : 1.96 + 2.4 / static_cast<double>(degrees);
    d.half = t * std::sqrt(square / (n - 1) / n);
    return d;
}

std::string success_table(const Run& run) {
    const Evaluated names = evaluated({&run});
    if (names.arms.empty()) return "<p>No policy was evaluated.</p>";
    bool scores = false, pairs = false;
    for (const auto& [key, value] : run.results.members()) {
        scores = scores || key.compare(0, 6, "score/") == 0;
        pairs = pairs || (key.size() > 6 && key.compare(key.size() - 6, 6, "/pairs") == 0);
    }
    auto rounded = [&](const std::string& key) {
        const double value = value_of(run.results, key);
        return std::isfinite(value) ? number(std::round(value)) : std::string("-");
    };
    std::string out = "<table><tr><th>trained on</th>";
    for (const std::string& learner : names.learners)
        out += "<th>" + escape(learner) + ", last</th><th>best</th><th>by task, last</th><th>steps, last</th>" +
               (pairs ? "<th>on random pairs</th><th>steps</th>" : "") +
               (scores ? "<th>normalised score, last</th>" : "");
    out += "</tr>";
    std::string above;
    for (const std::string& arm : names.arms) {
        const bool led = arm == above + method::kLedSuffix;
        out += "<tr><td>" + (led ? std::string("&emsp;") + method::kLedLabel : arm_words(arm)) + "</td>";
        above = arm;
        for (const std::string& learner : names.learners) {
            const std::string key = "success/" + arm + "/" + learner;
            out += "<td>" + percent(value_of(run.results, key + "/last")) + "</td><td>" +
                   percent(value_of(run.results, key + "/best")) + "</td><td>";
            for (int task = 1; task <= 5; ++task)
                if (run.results.find(key + "/task" + std::to_string(task)))
                    out += number(100 * value_of(run.results, key + "/task" + std::to_string(task))) + " ";
            out += "</td><td>" + rounded(key + "/steps") + "</td>";
            if (pairs)
                out += "<td>" + percent(value_of(run.results, key + "/pairs")) + "</td><td>" +
                       rounded(key + "/pairs_steps") + "</td>";
            if (scores) out += "<td>" + number(value_of(run.results, "score" + key.substr(7) + "/last")) + "</td>";
        }
        out += "</tr>";
    }
    out = "<div class=\"wide\">" + out +
          "</table></div><p class=\"note\">Steps: mean of an episode, to the goal or to "
          "the limit.";
    if (run.results.find("expert/steps"))
        out += " The environment's expert needs " + rounded("expert/steps") +
               (pairs ? ", and " + rounded("expert/pairs_steps") + " on random pairs." : ".");
    return out + "</p>";
}

std::string joint_tables(const std::string& environment, const std::vector<const Run*>& runs) {
    const Evaluated names = evaluated(runs);
    std::string out = "<h2>" + escape(environment) + ": " + std::to_string(runs.size()) +
                      " runs, median (minimum to maximum)</h2><table><tr><th>success, last checkpoint</th>";
    for (const std::string& learner : names.learners)
        out += "<th>" + escape(learner) + "</th><th>" + escape(learner) + ", steps</th>";
    out += "</tr>";
    for (const std::string& arm : names.arms) {
        out += "<tr><td>" + arm_words(arm) + "</td>";
        for (const std::string& learner : names.learners) {
            const std::string key = "success/" + arm + "/" + learner;
            out += "<td>" + spread(runs, key + "/last", true) + "</td><td>" + spread(runs, key + "/steps", false) +
                   "</td>";
        }
        out += "</tr>";
    }
    out += "</table>" + between_arms(runs) + between_groups(runs) +
           "<h3>Main figures</h3><table><tr><th>figure</th><th></th></tr>";
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

std::string settings_that_differ(const std::vector<const Run*>& runs) {
    std::vector<Settings> settings;
    Settings all;
    for (const Run* run : runs)
        settings.push_back(settings_of(*run)), all.insert(settings.back().begin(), settings.back().end());
    std::string head = "<tr><th>setting</th>", rows;
    for (const Run* run : runs) head += "<th>" + escape(run->folder) + "</th>";
    for (const auto& [key, value] : all) {
        std::string row;
        bool differs = false;
        for (const Settings& one : settings) {
            const auto at = one.find(key);
            differs = differs || at == one.end() || at->second != value;
            row += "<td>" + (at == one.end() ? "-" : escape(at->second)) + "</td>";
        }
        if (differs) rows += "<tr><td>" + escape(key) + "</td>" + row + "</tr>";
    }
    return rows.empty()
               ? ""
               : "<h2>Settings that differ</h2><div class=\"wide\"><table>" + head + "</tr>" + rows + "</table></div>";
}

}  // namespace astro::app::report
