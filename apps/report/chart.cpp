#include "apps/report/chart.h"

#include <algorithm>
#include <set>

#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

constexpr double kWidth = 420, kHeight = 220, kBottom = 38, kTop = 8, kRight = 14;
constexpr double kCharacter = 6.6;  // width of a character of a label, at most, on average

// Distance between ticks: 1, 2 or 5 times a power of ten, such that there are at most `most` intervals.
double tick_step(double span, int most) {
    const double raw = span / most, power = std::pow(10, std::floor(std::log10(raw)));
    for (double factor : {1.0, 2.0, 5.0})
        if (raw <= factor * power) return factor * power;
    return 10 * power;
}

struct Range {
    double low = 1e300, high = -1e300;

    void include(double v) { low = std::min(low, v), high = std::max(high, v); }
    bool empty() const { return low > high; }
    void widen() {  // if it is a single number
        if (high == low) high = low + std::max(1e-9, std::fabs(low));
    }
    std::vector<double> ticks() const {
        const double step = tick_step(high - low, 5);
        std::vector<double> at;
        for (double v = std::ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step)
            at.push_back(std::fabs(v) < step * 1e-6 ? 0 : v);
        return at;
    }
};

std::string label(double x, double y, const std::string& anchor, const std::string& words) {
    return "<text text-anchor=\"" + anchor + "\" x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\">" + escape(words) +
           "</text>";
}

std::string key_entry(const std::string& css, const std::string& words) {
    return "<span class=\"key\"><svg viewBox=\"0 0 22 8\" aria-hidden=\"true\"><line class=\"" + css +
           "\" x1=\"0\" x2=\"22\" y1=\"4\" y2=\"4\"/></svg> " + escape(words) + "</span> ";
}

std::string figure(const std::string& title, const std::string& svg, const std::string& key) {
    return "<figure class=\"chart\"><figcaption class=\"name\">" + escape(title) + "</figcaption>" + svg +
           (key.empty() ? "" : "<div class=\"keys\">" + key + "</div>") + "</figure>";
}

std::string css_of(size_t series) { return "line" + std::to_string(series % 8); }

bool worth_a_line(const std::vector<Series>& series) {
    return std::any_of(series.begin(), series.end(), [](const Series& s) {
        std::set<double> x;
        for (const XY& p : s.points)
            if (std::isfinite(p.y)) x.insert(p.x);
        return x.size() >= 3;
    });
}

}  // namespace

std::string line_chart(const Chart& chart) {
    if (!worth_a_line(chart.series)) return "";
    Range across, up;
    for (const Series& s : chart.series)
        for (const std::vector<XY>* line : {&s.points, &s.low, &s.high})
            for (const XY& p : *line)
                if (std::isfinite(p.y)) across.include(p.x), up.include(p.y);
    if (chart.from_zero) up.include(0);
    if (std::isfinite(chart.mark)) across.include(chart.mark);
    across.widen(), up.widen();

    const std::vector<double> columns = across.ticks(), rows = up.ticks();
    size_t longest = 1;
    for (double v : rows) longest = std::max(longest, number(v).size());
    const double left = 10 + kCharacter * static_cast<double>(longest);
    auto x = [&](double v) { return left + (v - across.low) / (across.high - across.low) * (kWidth - left - kRight); };
    auto y = [&](double v) {
        return kHeight - kBottom - (v - up.low) / (up.high - up.low) * (kHeight - kBottom - kTop);
    };
    auto path = [&](const std::vector<XY>& points) {
        std::string out;
        for (const XY& p : points)
            if (std::isfinite(p.y)) out += fixed(x(p.x)) + "," + fixed(y(p.y)) + " ";
        return out;
    };

    std::string out = "<svg class=\"chart\" viewBox=\"0 0 " + fixed(kWidth, 0) + " " + fixed(kHeight, 0) +
                      "\" role=\"img\" aria-label=\"" + escape(chart.title) + "\">";
    for (double v : rows)
        out += "<line class=\"grid\" x1=\"" + fixed(left) + "\" x2=\"" + fixed(kWidth - kRight) + "\" y1=\"" +
               fixed(y(v)) + "\" y2=\"" + fixed(y(v)) + "\"/>" + label(left - 5, y(v) + 4, "end", number(v));
    for (double v : columns) {  // a label at an end of the axis is moved inwards as far as it would leave the chart
        const double half = kCharacter * static_cast<double>(number(v).size()) / 2;
        out += label(std::clamp(x(v), half, kWidth - half), kHeight - kBottom + 16, "middle", number(v));
    }
    out += label(kWidth - kRight, kHeight - 6, "end", chart.x_label);
    std::string key;
    for (size_t s = 0; s < chart.series.size(); ++s) {
        const Series& one = chart.series[s];
        if (one.points.empty()) continue;
        if (!one.low.empty()) {  // polygon along the upper bound and back along the lower bound
            const std::vector<XY> back(one.low.rbegin(), one.low.rend());
            out += "<polygon class=\"band " + css_of(s) + "\" points=\"" + path(one.high) + path(back) + "\"/>";
        }
        out += "<polyline class=\"" + css_of(s) + "\" points=\"" + path(one.points) + "\"><title>" + escape(one.name) +
               "</title></polyline>";
        for (const XY& p : one.points)
            if (chart.dots && std::isfinite(p.y))
                out += "<circle class=\"dot " + css_of(s) + "\" cx=\"" + fixed(x(p.x)) + "\" cy=\"" + fixed(y(p.y)) +
                       "\" r=\"2.5\"><title>" + escape(one.name + ": " + number(p.y) + " at " + number(p.x)) +
                       "</title></circle>";
        if (chart.series.size() > 1) key += key_entry(css_of(s), one.name);
    }
    if (std::isfinite(chart.mark)) {
        out += "<line class=\"threshold\" x1=\"" + fixed(x(chart.mark)) + "\" x2=\"" + fixed(x(chart.mark)) +
               "\" y1=\"" + fixed(kTop) + "\" y2=\"" + fixed(kHeight - kBottom) + "\"/>";
        key += key_entry("threshold", chart.mark_words);
    }
    return figure(chart.title, out + "</svg>", key);
}

Series outline(const std::string& name, double width, const std::vector<double>& counts) {
    double sum = 0;
    for (double c : counts) sum += c;
    Series series{name, {}};
    if (!(sum > 0)) return series;
    for (size_t i = 0; i < counts.size(); ++i)
        for (size_t side : {i, i + 1}) series.points.push_back({static_cast<double>(side) * width, counts[i] / sum});
    return series;
}

std::string divided_bar(const std::string& title, const std::vector<std::pair<std::string, double>>& parts) {
    double sum = 0;
    for (const auto& [words, count] : parts) sum += count;
    if (!(sum > 0)) return "";
    std::string out = "<svg class=\"chart\" viewBox=\"0 0 420 40\" role=\"img\" aria-label=\"" + escape(title) + "\">",
                key;
    double at = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        const auto& [words, count] = parts[i];
        if (!(count > 0)) continue;
        const std::string entry = words + ": " + number(count) + ", " + percent(count / sum);
        out += "<rect class=\"part " + css_of(i) + "\" x=\"" + fixed(at) + "\" y=\"4\" width=\"" +
               fixed(420 * count / sum) + "\" height=\"30\"><title>" + escape(entry) + "</title></rect>";
        at += 420 * count / sum;
        key += key_entry("wide " + css_of(i), entry);
    }
    return figure(title, out + "</svg>", key);
}

}  // namespace astro::app::report
