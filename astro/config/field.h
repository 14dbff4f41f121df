// The description of a configuration field: the source of its default and its legal values.
//
// A struct of settings describes its fields once, in `template <class V> void visit(V& v)`, by calls
//     v("name", field, "meaning, with unit", Source::ours, between(1, 4096));
// Defaults, parsing, help, the manual, dumps and JSON all use this description (apps/command_line/options.h).
// Field types: bool, int64_t, double, std::string, an enum class (its choices in order from 0), and vectors of double,
// int64_t or std::string (separated by commas).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace astro::method {

// The source of a setting. `paper` is the source of the idea, since the paper gives no values: the default is ours. The
// others are the source of the default, too: another repository, or this project.
enum class Source { paper, hilp, corl, ogbench, ours };

constexpr const char* source_name(Source source) {
    constexpr const char* kNames[] = {"idea: paper; value: ours", "HILP", "CORL", "OGBench", "ours"};
    return kNames[static_cast<int>(source)];
}

constexpr double kMaxCount = 1e9;   // bound of counts: updates, rows
constexpr double kMaxWidth = 8192;  // bound of layer widths and batch sizes

// The legal values of a field. Bounds are inclusive and hold for every entry of a list.
struct Domain {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool automatic = false;            // also accepts `auto`, resolved by a rule in astro/config/config.h
    std::vector<std::string> choices;  // if not empty: the only legal words
    double automatic_value = 0;        // the stored value for `auto`
};

inline Domain anything() { return {}; }
inline Domain between(double low, double high) { return {low, high, false, {}, 0}; }
inline Domain at_least(double low) { return {low, std::numeric_limits<double>::infinity(), false, {}, 0}; }
inline Domain between_or_auto(double low, double high, double stored_as = 0) {
    return {low, high, true, {}, stored_as};
}
inline Domain one_of(std::vector<std::string> words) { return {0, 0, false, std::move(words), 0}; }

// "a, b or c", for messages.
std::string alternatives(const std::vector<std::string>& words);

}  // namespace astro::method
