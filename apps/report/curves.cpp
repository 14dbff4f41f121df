#include "apps/report/curves.h"

#include <algorithm>
#include <cmath>

#include "apps/report/chart.h"
#include "tensor/base/percentile.h"

namespace astro::app::report {

namespace {

// Combines the curves of several runs.
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

// "updates 500: 0.25, updates 1000: 0.5"
std::string in_words(const Series& series) {
    std::string out;
    for (const XY& p : series.points)
        out += (out.empty() ? "" : ", ") + ("after " + number(p.x) + " updates: ") +
               (std::isfinite(p.y) ? number(p.y) : "-");
    return out;
}

}  // namespace

std::string curves(const std::map<std::string, std::vector<const std::vector<MetricRow>*>>& environments) {
    std::map<std::string, std::vector<Series>> charts;
    for (const auto& [environment, runs] : environments) {
        std::map<std::string, std::vector<std::vector<XY>>> lines;  // by key, one line per run
        for (const std::vector<MetricRow>* run : runs) {
            std::map<std::string, std::vector<XY>> own;
            for (const MetricRow& row : *run)
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
    std::string drawn, listed;
    for (const auto& [key, series] : charts) {
        Chart chart;
        chart.title = key, chart.x_label = "updates", chart.series = series;
        const std::string figure = line_chart(chart);
        drawn += figure;
        if (figure.empty())
            for (const Series& one : series)
                listed += "<tr><td>" + escape(one.name == key ? key : key + ", " + one.name) + "</td><td>" +
                          in_words(one) + "</td></tr>";
    }
    return (drawn.empty() ? "" : "<div class=\"row\">" + drawn + "</div>") +
           (listed.empty() ? "" : "<table><tr><th>too few points for a curve</th><th></th></tr>" + listed + "</table>");
}

}  // namespace astro::app::report
