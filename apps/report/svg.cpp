#include "apps/report/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace astro::app::report {

namespace {

std::string fixed(double value, int digits = 1) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

// Distance between ticks: 1, 2 or 5 times a power of ten, such that there are at most `most` intervals.
double tick_step(double span, int most) {
    const double raw = span / most, power = std::pow(10, std::floor(std::log10(raw)));
    for (double factor : {1.0, 2.0, 5.0})
        if (raw <= factor * power) return factor * power;
    return 10 * power;
}

// A colour map from dark blue to yellow that is visible on light and dark pages.
std::string colour(double share) {
    const double t = std::clamp(share, 0.0, 1.0);
    static constexpr double kStops[4][3] = {{59, 76, 160}, {46, 148, 158}, {122, 190, 90}, {246, 200, 60}};
    const int i = std::min(2, static_cast<int>(t * 3));
    const double f = t * 3 - i;
    std::string out = "rgb(";
    for (int c = 0; c < 3; ++c)
        out += fixed(kStops[i][c] + f * (kStops[i + 1][c] - kStops[i][c]), 0) + (c < 2 ? "," : ")");
    return out;
}

}  // namespace

std::string escape(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string number(double value) {
    char text[40];
    const bool whole = value == std::floor(value) && std::fabs(value) < 1e7;
    std::snprintf(text, sizeof text, whole ? "%.0f" : "%.4g", value);
    return text;
}

std::string percent(double share) { return std::isfinite(share) ? number(std::round(share * 1e4) / 100) + " %" : "-"; }

std::string WorldSvg::rectangle(const data::WorldPicture::Rectangle& r, const std::string& style) const {
    return "<rect x=\"" + fixed(r.x - world_.bounds.x, 2) + "\" y=\"" + fixed(r.y - world_.bounds.y, 2) +
           "\" width=\"" + fixed(r.width, 2) + "\" height=\"" + fixed(r.height, 2) + "\" " + style + "/>";
}

void WorldSvg::heat(const std::vector<XY>& points, double size) {
    std::map<std::pair<int, int>, int> counts;  // (row, column)
    for (const XY& p : points)
        ++counts[{static_cast<int>(std::floor(p.y / size)), static_cast<int>(std::floor(p.x / size))}];
    int top = 1;
    for (const auto& [cell, count] : counts) top = std::max(top, count);
    for (const auto& [cell, count] : counts)
        layers_ += rectangle({cell.second * size, cell.first * size, size, size},
                             "class=\"heat\" fill-opacity=\"" +
                                 fixed(0.12 + 0.88 * std::sqrt(static_cast<double>(count) / top), 2) + "\"");
}

void WorldSvg::field(const std::vector<XY>& points, const std::vector<double>& values, double low, double high,
                     double size) {
    for (size_t i = 0; i < points.size(); ++i) {
        if (!std::isfinite(values[i])) continue;
        layers_ += rectangle({points[i].x - size / 2, points[i].y - size / 2, size, size},
                             "fill=\"" + colour((values[i] - low) / std::max(1e-9, high - low)) + "\"");
    }
}

void WorldSvg::way(const std::vector<XY>& points, const std::string& css_class) {
    if (points.size() < 2) return;
    layers_ += "<polyline class=\"" + css_class + "\" points=\"";
    for (const XY& p : points) layers_ += fixed(p.x - world_.bounds.x) + "," + fixed(p.y - world_.bounds.y) + " ";
    layers_ += "\"/>";
}

void WorldSvg::mark(XY at, const std::string& css_class, const std::string& title) {
    layers_ += "<circle class=\"" + css_class + "\" cx=\"" + fixed(at.x - world_.bounds.x) + "\" cy=\"" +
               fixed(at.y - world_.bounds.y) + "\" r=\"0.8\"><title>" + escape(title) + "</title></circle>";
}

std::string WorldSvg::svg() const {
    // y points upwards, as in OGBench's pictures.
    std::string out = "<svg viewBox=\"0 0 " + fixed(world_.bounds.width) + " " + fixed(world_.bounds.height) +
                      "\" role=\"img\"><g transform=\"translate(0," + fixed(world_.bounds.height) + ") scale(1,-1)\">";
    std::string walls;
    for (const data::WorldPicture::Rectangle& wall : world_.walls) walls += rectangle(wall, "class=\"wall\"");
    return out + layers_ + walls + "</g></svg>";
}

std::string line_chart(const std::string& title, const std::string& x_label, const std::vector<Series>& series) {
    constexpr double kWidth = 420, kHeight = 220, kLeft = 56, kBottom = 34, kTop = 26, kRight = 12;
    double low_x = 1e300, high_x = -1e300, low_y = 1e300, high_y = -1e300;
    for (const Series& s : series)
        for (const std::vector<XY>* line : {&s.points, &s.low, &s.high})
            for (const XY& p : *line) {
                if (!std::isfinite(p.y)) continue;
                low_x = std::min(low_x, p.x), high_x = std::max(high_x, p.x);
                low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
            }
    if (low_x > high_x) return "";
    if (high_x == low_x) high_x = low_x + 1;
    if (high_y == low_y) high_y = low_y + std::max(1e-9, std::fabs(low_y));
    auto x = [&](double v) { return kLeft + (v - low_x) / (high_x - low_x) * (kWidth - kLeft - kRight); };
    auto y = [&](double v) { return kHeight - kBottom - (v - low_y) / (high_y - low_y) * (kHeight - kBottom - kTop); };
    std::string out = "<svg class=\"chart\" viewBox=\"0 0 420 220\" role=\"img\"><text class=\"name\" x=\"" +
                      fixed(kLeft) + "\" y=\"16\">" + escape(title) + "</text>";
    const double dx = tick_step(high_x - low_x, 5), dy = tick_step(high_y - low_y, 5);
    for (double v = std::ceil(low_x / dx) * dx; v <= high_x + 1e-9 * dx; v += dx)
        out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + fixed(x(v)) + "\" y=\"" +
               fixed(kHeight - kBottom + 14) + "\">" + number(v) + "</text>";
    for (double v = std::ceil(low_y / dy) * dy; v <= high_y + 1e-9 * dy; v += dy)
        out += "<line class=\"grid\" x1=\"" + fixed(kLeft) + "\" x2=\"" + fixed(kWidth - kRight) + "\" y1=\"" +
               fixed(y(v)) + "\" y2=\"" + fixed(y(v)) + "\"/><text class=\"tick\" text-anchor=\"end\" x=\"" +
               fixed(kLeft - 5) + "\" y=\"" + fixed(y(v) + 4) + "\">" + number(std::fabs(v) < dy * 1e-6 ? 0 : v) +
               "</text>";
    out += "<text class=\"tick\" text-anchor=\"end\" x=\"" + fixed(kWidth - kRight) + "\" y=\"" + fixed(kHeight - 4) +
           "\">" + escape(x_label) + "</text>";
    for (size_t s = 0; s < series.size(); ++s) {
        const std::string css = "line" + std::to_string(s % 4);
        if (!series[s].low.empty()) {  // polygon along the upper bound and back along the lower bound
            out += "<polygon class=\"band " + css + "\" points=\"";
            for (const XY& p : series[s].high)
                if (std::isfinite(p.y)) out += fixed(x(p.x)) + "," + fixed(y(p.y)) + " ";
            for (auto p = series[s].low.rbegin(); p != series[s].low.rend(); ++p)
                if (std::isfinite(p->y)) out += fixed(x(p->x)) + "," + fixed(y(p->y)) + " ";
            out += "\"/>";
        }
        out += "<polyline class=\"" + css + "\" points=\"";
        for (const XY& p : series[s].points)
            if (std::isfinite(p.y)) out += fixed(x(p.x)) + "," + fixed(y(p.y)) + " ";
        out += "\"><title>" + escape(series[s].name) + "</title></polyline>";
        if (series.size() > 1)
            out += "<text class=\"" + css + " key\" x=\"" + fixed(kLeft + 110 * static_cast<double>(s)) + "\" y=\"" +
                   fixed(kHeight - 4) + "\">" + escape(series[s].name) + "</text>";
    }
    return out + "</svg>";
}

}  // namespace astro::app::report
