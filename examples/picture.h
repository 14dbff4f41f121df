// Simple SVG pictures for the examples: points, lines and squares.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace example {

struct XY {
    double x = 0, y = 0;
};

class Picture {
  public:
    // The part of the plane that is shown; y points up.
    Picture(double left, double right, double bottom, double top)
        : left_(left), right_(right), bottom_(bottom), top_(top) {}

    void dots(const std::vector<XY>& points, const std::string& colour, double radius = 2) {
        for (const XY& p : points)
            add("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"" + colour + "\"/>\n", across(p.x), down(p.y),
                radius);
    }
    void line(const std::vector<XY>& points, const std::string& colour, double width = 1.5) {
        body_ += "<polyline fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"" + std::to_string(width) +
                 "\" points=\"";
        for (const XY& p : points) add("%.2f,%.2f ", across(p.x), down(p.y));
        body_ += "\"/>\n";
    }
    void square(XY centre, double side, const std::string& colour) {
        const double low = down(centre.y + side / 2), wide = across(centre.x + side / 2) - across(centre.x - side / 2);
        add("<rect x=\"%.2f\" y=\"%.2f\" ", across(centre.x - side / 2), low);
        add("width=\"%.2f\" height=\"%.2f\" fill=\"" + colour + "\"/>\n", wide, down(centre.y - side / 2) - low);
    }

    // Writes the file, unless `file` is null. Returns false if it cannot be written.
    bool write(const char* file) const {
        if (!file) return true;
        std::FILE* out = std::fopen(file, "w");
        if (!out) {
            std::fprintf(stderr, "cannot write %s\n", file);
            return false;
        }
        std::fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n", kSize, kSize);
        std::fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n%s</svg>\n", kSize, kSize, body_.c_str());
        return std::fclose(out) == 0;
    }

  private:
    static constexpr int kSize = 480;

    template <class... Numbers>
    void add(const std::string& form, Numbers... numbers) {
        char text[200];
        std::snprintf(text, sizeof text, form.c_str(), numbers...);
        body_ += text;
    }
    double across(double x) const { return kSize * (x - left_) / (right_ - left_); }
    double down(double y) const { return kSize * (top_ - y) / (top_ - bottom_); }

    double left_, right_, bottom_, top_;
    std::string body_;
};

// Prints the last line of an example and returns the exit status.
inline int verdict(bool good, const char* what) {
    std::printf("check: %s: %s\n", what, good ? "yes" : "NO");
    return good ? 0 : 1;
}

}  // namespace example
