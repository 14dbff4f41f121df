// Figures of the course as SVG files: worlds seen from above, charts and legends. All styles are attributes, so that a
// file looks the same by itself and inside a page. The output depends only on the inputs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/report/svg.h"
#include "data/environment.h"

namespace course {

using astro::app::report::XY;

// A rectangle of the figure, in pixels, and the part of the plane that it shows; y points up.
struct Panel {
    double left = 0, top = 0, width = 0, height = 0;
    double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
    XY at(XY p) const {
        return {left + width * (p.x - x_low) / (x_high - x_low), top + height * (y_high - p.y) / (y_high - y_low)};
    }
};

namespace colour {
inline const char *blue = "#1f5fa8", *orange = "#d1722a", *green = "#2f8a57", *red = "#b8323a", *violet = "#7a4fa3",
                  *grey = "#8a8a8a", *black = "#222222";
}

class Drawing {
  public:
    Drawing(double width, double height);

    // A part of a world with its walls, `width` pixels wide, below a title.
    using View = astro::data::WorldPicture::Rectangle;
    Panel world(const astro::data::WorldPicture& world, const View& view, double left, double top, double width,
                const std::string& title);
    // A frame with ticks and labels, below a title. The panel is inside of the labels.
    Panel axes(double left, double top, double width, double height, XY low, XY high, const std::string& title,
               const std::string& x_label, const std::string& y_label);

    void text(XY pixel, const std::string& words, double size = 13, const char* anchor = "start",
              const std::string& fill = colour::black);
    void line(const Panel& panel, const std::vector<XY>& points, const std::string& stroke, double width = 1.6,
              const std::string& dashes = "");
    void dots(const Panel& panel, const std::vector<XY>& points, const std::string& fill, double radius = 1.5);
    // The same path over and over: a dot that takes step i of `points` at second i * step, and draws its trail, in
    // stroke[i] between points i and i + 1. Programs that show no animations show the whole trail.
    void moving(const Panel& panel, const std::vector<XY>& points, const std::vector<std::string>& stroke, double step);
    // A circle with a word in it.
    void mark(const Panel& panel, XY at, const std::string& word, const std::string& fill);
    // Squares of `size` units whose colours show values from low to high; others are left out if not finite.
    void field(const Panel& panel, const std::vector<XY>& points, const std::vector<double>& values, double low,
               double high, double size);
    // A bar from edges[i] to edges[i + 1] for each height.
    void bars(const Panel& panel, const std::vector<double>& edges, const std::vector<double>& heights,
              const std::string& fill);
    // Names in a row, each behind a short line of its colour.
    void legend(XY pixel, const std::vector<std::pair<std::string, std::string>>& name_and_colour);

    std::string svg() const;

  private:
    double width_, height_;
    std::string body_;
};

}  // namespace course
