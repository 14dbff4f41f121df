// Charts as HTML figures with inline SVG: a title, the chart, and a key in HTML, so that long names wrap. The output
// depends only on the inputs.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "apps/report/svg.h"

namespace astro::app::report {

struct Series {
    std::string name;
    std::vector<XY> points;
    std::vector<XY> low = {}, high = {};  // bounds of a band around the line, at the x of points; or empty
};

struct Chart {
    std::string title;  // what y is
    std::string x_label;
    std::vector<Series> series;
    bool from_zero = false;       // the y axis begins at 0
    bool dots = false;            // each point is marked
    double mark = std::nan("");   // x of a vertical line, if it is a number
    std::string mark_words = {};  // in the key
};

// Ticks are at round numbers (1, 2, 5), and no label leaves the chart. Empty if no series has three points at different
// x that are numbers: two points are better read as numbers.
std::string line_chart(const Chart& chart);

// The outline of bars of one width that begin at 0, as shares of their sum; no points if the sum is 0.
Series outline(const std::string& name, double width, const std::vector<double>& counts);

// One bar, divided in proportion to the parts; empty if they sum to 0.
std::string divided_bar(const std::string& title, const std::vector<std::pair<std::string, double>>& parts);

}  // namespace astro::app::report
