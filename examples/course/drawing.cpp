#include "examples/course/drawing.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace course {

namespace {

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
std::string
form(const char* pattern, ...) {
    char out[400];
    va_list values;
    va_start(values, pattern);
    std::vsnprintf(out, sizeof out, pattern, values);
    va_end(values);
    return out;
}

// 1, 2 or 5 times a power of ten, so that there are at most six intervals.
double tick(double span) {
    const double power = std::pow(10, std::floor(std::log10(span / 6)));
    for (double factor : {1., 2., 5.})
        if (span / 6 <= factor * power * (1 + 1e-9)) return factor * power;
    return 10 * power;
}

}  // namespace

Drawing::Drawing(double width, double height) : width_(width), height_(height) {}

Panel Drawing::world(const astro::data::WorldPicture& world, const View& view, double left, double top, double width,
                     const std::string& title) {
    text({left, top + 13}, title, 13);
    const Panel panel{left,   top + 20,
                      width,  width * view.height / view.width,
                      view.x, view.x + view.width,
                      view.y, view.y + view.height};
    auto rectangle = [&](double x_low, double x_high, double y_low, double y_high, const char* fill) {
        const XY corner = panel.at({std::max(x_low, panel.x_low), std::min(y_high, panel.y_high)}),
                 other = panel.at({std::min(x_high, panel.x_high), std::max(y_low, panel.y_low)});
        if (other.x > corner.x && other.y > corner.y)
            body_ += form("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", corner.x,
                          corner.y, other.x - corner.x, other.y - corner.y, fill);
    };
    rectangle(panel.x_low, panel.x_high, panel.y_low, panel.y_high, "#f7f7f4");
    for (const View& wall : world.walls)
        rectangle(wall.x, wall.x + wall.width, wall.y, wall.y + wall.height, "#c9c9c4");
    return panel;
}

Panel Drawing::axes(double left, double top, double width, double height, XY low, XY high, const std::string& title,
                    const std::string& x_label, const std::string& y_label) {
    const Panel panel{left + 52, top + 24, width - 66, height - 66, low.x, high.x, low.y, high.y};
    text({left, top + 13}, title, 13);
    const double bottom = panel.top + panel.height, right = panel.left + panel.width;
    body_ += form("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#fbfbf9\" stroke=\"#999\"/>\n",
                  panel.left, panel.top, panel.width, panel.height);
    const double dx = tick(high.x - low.x), dy = tick(high.y - low.y);
    for (double v = std::ceil(low.x / dx - 1e-9) * dx; v <= high.x + 1e-9 * dx; v += dx) {
        const double x = panel.at({v, low.y}).x;
        body_ +=
            form("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#999\"/>\n", x, x, bottom, bottom + 4);
        text({x, bottom + 17}, form("%.6g", std::fabs(v) < 1e-9 * dx ? 0 : v), 11, "middle", "#555");
    }
    for (double v = std::ceil(low.y / dy - 1e-9) * dy; v <= high.y + 1e-9 * dy; v += dy) {
        const double y = panel.at({low.x, v}).y;
        body_ += form("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e4e4e0\"/>\n", panel.left, right,
                      y, y);
        text({panel.left - 6, y + 4}, form("%.6g", std::fabs(v) < 1e-9 * dy ? 0 : v), 11, "end", "#555");
    }
    text({panel.left + panel.width / 2, bottom + 34}, x_label, 12, "middle", "#333");
    body_ += form("<text transform=\"translate(%.1f,%.1f) rotate(-90)\" font-size=\"12\" text-anchor=\"middle\" ",
                  left + 11, panel.top + panel.height / 2) +
             "fill=\"#333\">" + astro::app::report::escape(y_label) + "</text>\n";
    return panel;
}

void Drawing::text(XY p, const std::string& words, double size, const char* anchor, const std::string& fill) {
    body_ += form("<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" text-anchor=\"%s\" fill=\"%s\">", p.x, p.y, size,
                  anchor, fill.c_str()) +
             astro::app::report::escape(words) + "</text>\n";
}

void Drawing::line(const Panel& panel, const std::vector<XY>& points, const std::string& stroke, double width,
                   const std::string& dashes) {
    if (points.size() < 2) return;
    body_ += form("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"", stroke.c_str(), width) +
             (dashes.empty() ? "" : " stroke-dasharray=\"" + dashes + "\"") + " points=\"";
    for (const XY& p : points) {
        if (!std::isfinite(p.x) || !std::isfinite(p.y)) continue;
        const XY at = panel.at(p);
        body_ += form("%.1f,%.1f ", at.x, std::clamp(at.y, panel.top, panel.top + panel.height));
    }
    body_ += "\"/>\n";
}

void Drawing::dots(const Panel& panel, const std::vector<XY>& points, const std::string& fill, double radius) {
    for (const XY& p : points) {
        const XY at = panel.at(p);
        body_ += form("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>\n", at.x, at.y, radius, fill.c_str());
    }
}

void Drawing::moving(const Panel& panel, const std::vector<XY>& points, const std::vector<std::string>& stroke,
                     double step) {
    const size_t steps = points.size() - 1;
    const double pause = 1.5, duration = step * double(steps) + pause;
    const std::string clock = form(" dur=\"%.2fs\" repeatCount=\"indefinite\"/>", duration);
    auto share = [&](size_t i) { return step * double(i) / duration; };  // of the duration, at point i
    // One line for each run of steps of one colour. It is a single dash that slides into view as the dot moves along.
    for (size_t from = 0, to; from < steps; from = to) {
        for (to = from + 1; to < steps && stroke[to] == stroke[from];) ++to;
        std::vector<double> length{0};  // from point `from` to each
        std::string shape;
        for (size_t i = from; i <= to; ++i) {
            const XY p = panel.at(points[i]), before = panel.at(points[i == from ? i : i - 1]);
            length.push_back(length.back() + std::hypot(p.x - before.x, p.y - before.y));
            shape += form("%s%.1f %.1f", i == from ? "M" : "L", p.x, p.y);
        }
        std::string hidden = "1;", times = "0;";
        for (size_t i = from; i <= to; ++i) {
            hidden += form("%.3f;", 1 - length[i - from + 1] / length.back());
            times += form("%.4f;", share(i));
        }
        body_ += "<path pathLength=\"1\" stroke-dasharray=\"1 1\" fill=\"none\" stroke=\"" + stroke[from] +
                 "\" stroke-width=\"3\" d=\"" + shape + "\"><animate attributeName=\"stroke-dashoffset\" values=\"" +
                 hidden + "0\" keyTimes=\"" + times + "1\"" + clock + "</path>\n";
    }
    std::string times, x, y;
    for (size_t i = 0; i <= steps; ++i) {
        times += form("%.4f;", share(i));
        x += form("%.1f;", panel.at(points[i]).x), y += form("%.1f;", panel.at(points[i]).y);
    }
    const XY end = panel.at(points[steps]);
    body_ += form("<circle r=\"7\" cx=\"%.1f\" cy=\"%.1f\" fill=\"%s\">", end.x, end.y, colour::black);
    for (const auto& [name, values] : {std::pair{"cx", x + form("%.1f", end.x)}, {"cy", y + form("%.1f", end.y)}})
        body_ += "<animate attributeName=\"" + std::string(name) + "\" values=\"" + values + "\" keyTimes=\"" + times +
                 "1\"" + clock;
    body_ += "</circle>\n";
}

void Drawing::mark(const Panel& panel, XY p, const std::string& word, const std::string& fill) {
    const XY at = panel.at(p);
    body_ += form("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"8\" fill=\"%s\" stroke=\"white\"/>\n", at.x, at.y, fill.c_str());
    text({at.x, at.y + 4}, word, 11, "middle", "white");
}

void Drawing::field(const Panel& panel, const std::vector<XY>& points, const std::vector<double>& values, double low,
                    double high, double size) {
    for (size_t i = 0; i < points.size(); ++i) {
        if (!std::isfinite(values[i])) continue;
        const XY corner = panel.at({points[i].x - size / 2, points[i].y + size / 2}),
                 other = panel.at({points[i].x + size / 2, points[i].y - size / 2});
        body_ += form("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", corner.x, corner.y,
                      other.x - corner.x + .2, other.y - corner.y + .2,
                      astro::app::report::colour_of((values[i] - low) / (high - low)).c_str());
    }
}

void Drawing::bars(const Panel& panel, const std::vector<double>& edges, const std::vector<double>& heights,
                   const std::string& fill) {
    for (size_t i = 0; i < heights.size(); ++i) {
        const XY corner = panel.at({edges[i], heights[i]}), other = panel.at({edges[i + 1], panel.y_low});
        body_ += form("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\".6\"/>\n",
                      corner.x, corner.y, std::max(.5, other.x - corner.x - 1), other.y - corner.y, fill.c_str());
    }
}

void Drawing::legend(XY p, const std::vector<std::pair<std::string, std::string>>& entries) {
    for (const auto& [name, fill] : entries) {
        body_ += form("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke-width=\"3\" stroke=\"%s\"/>\n", p.x,
                      p.x + 18, p.y - 4, p.y - 4, fill.c_str());
        text({p.x + 23, p.y}, name, 12);
        p.x += 36 + 6.6 * static_cast<double>(name.size());
    }
}

std::string Drawing::svg() const {
    return form("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" ",
                width_, height_, width_, height_) +
           "font-family=\"sans-serif\" role=\"img\">\n" +
           form("<rect width=\"%.0f\" height=\"%.0f\" fill=\"white\"/>\n", width_, height_) + body_ + "</svg>\n";
}

}  // namespace course
