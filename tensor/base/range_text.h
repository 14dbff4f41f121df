// Numbers in messages: the bounds of a range with enough digits to tell them apart, and rounded figures.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace astro {

// `value` with enough significant digits that values in a range of this width get about four, and at least `least`.
inline std::string number_in_range(double value, double width, int least) {
    const double ratio = width > 0 ? std::abs(value) / width : 0;
    const int digits = ratio > 0 ? std::clamp(4 + static_cast<int>(std::ceil(std::log10(ratio))), least, 17) : least;
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    return text;
}

// Three significant digits, for messages; "-" if the value is not finite.
inline std::string short_number(double value) {
    if (!std::isfinite(value)) return "-";
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.3g", value);
    return digits;
}

}  // namespace astro
