#include "apps/report/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace astro::app::report {

std::string colour_of(double share) {
    const double t = std::clamp(share, 0.0, 1.0);
    static constexpr double kStops[4][3] = {{59, 76, 160}, {46, 148, 158}, {122, 190, 90}, {246, 200, 60}};
    const int i = std::min(2, static_cast<int>(t * 3));
    const double f = t * 3 - i;
    std::string out = "rgb(";
    for (int c = 0; c < 3; ++c)
        out += fixed(kStops[i][c] + f * (kStops[i + 1][c] - kStops[i][c]), 0) + (c < 2 ? "," : ")");
    return out;
}

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

std::string fixed(double value, int digits) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
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
                             "fill=\"" + colour_of((values[i] - low) / std::max(1e-9, high - low)) + "\"");
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

}  // namespace astro::app::report
