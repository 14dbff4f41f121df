// Pictures as inline SVG text: worlds with points, ways and fields, and line charts. Numbers are printed in a fixed
// form, so that equal inputs give equal bytes.
#pragma once

#include <string>
#include <vector>

#include "data/environment.h"

namespace astro::app::report {

std::string escape(const std::string& text);  // for HTML and SVG
std::string number(double value);             // whole numbers in full, others with 4 significant digits
std::string percent(double share);            // "93 %"; "-" where it is not finite

struct XY {
    double x = 0, y = 0;
};

// A world drawn from above; coordinates are the environment's. Layers are drawn in the order they are added, walls last.
class WorldSvg {
  public:
    explicit WorldSvg(const data::WorldPicture& world) : world_(world) {}

    // Shares of points by squares of `size` units, as shades of one hue.
    void heat(const std::vector<XY>& points, double size);
    // A value at each point, from `low` to `high`, as colours; drawn as squares of `size`.
    void field(const std::vector<XY>& points, const std::vector<double>& values, double low, double high, double size);
    void way(const std::vector<XY>& points, const std::string& css_class);
    void mark(XY at, const std::string& css_class, const std::string& title);

    std::string svg() const;

  private:
    std::string rectangle(const data::WorldPicture::Rectangle& r, const std::string& style) const;
    const data::WorldPicture& world_;
    std::string layers_;
};

struct Series {
    std::string name;
    std::vector<XY> points;
    std::vector<XY> low = {}, high = {};  // bounds of a band around the line, over points' x; or empty
};

// A line chart with ticks at round numbers (1, 2, 5) and a legend.
std::string line_chart(const std::string& title, const std::string& x_label, const std::vector<Series>& series);

}  // namespace astro::app::report
