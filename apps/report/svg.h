// Worlds with points, paths and fields as inline SVG. The output depends only on the inputs.
#pragma once

#include <string>
#include <vector>

#include "data/environment.h"

namespace astro::app::report {

std::string escape(const std::string& text);  // for HTML and SVG
std::string number(double value);             // integers in full, other numbers with 4 significant digits
std::string percent(double share);            // "93 %"; "-" if it is not finite
std::string fixed(double value, int digits = 1);

// A colour from dark blue (0) to yellow (1) that is visible on light and dark pages.
std::string colour_of(double share);

struct XY {
    double x = 0, y = 0;
};

// A world seen from above, in the coordinates of the environment. Layers are drawn in the order in which they are
// added, walls last.
class WorldSvg {
  public:
    explicit WorldSvg(const data::WorldPicture& world) : world_(world) {}

    // The density of points in squares of `size` units, as shades of one colour.
    void heat(const std::vector<XY>& points, double size);
    // A value from `low` to `high` at each point, drawn as a coloured square of `size` units.
    void field(const std::vector<XY>& points, const std::vector<double>& values, double low, double high, double size);
    void way(const std::vector<XY>& points, const std::string& css_class);
    void mark(XY at, const std::string& css_class, const std::string& title);

    std::string svg() const;

  private:
    std::string rectangle(const data::WorldPicture::Rectangle& r, const std::string& style) const;
    const data::WorldPicture& world_;
    std::string layers_;
};

}  // namespace astro::app::report
