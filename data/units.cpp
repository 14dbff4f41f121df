#include "data/units.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/base/error.h"
#include "tensor/base/moments.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

struct ColumnRange {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    Moments moments;  // of the differences from the first row
};

// Range and moments of each column over the rows t for which used(t) is true.
template <class Used>
std::vector<ColumnRange> ranges(const Dataset& d, const std::vector<float>& values, int64_t columns, Used used) {
    std::vector<ColumnRange> all(to_size(columns));
    for (int64_t t = 0; t < d.rows; ++t) {
        if (!used(t)) continue;
        for (int64_t i = 0; i < columns; ++i) {
            ColumnRange& c = nth(all, i);
            const double x = nth(values, t * columns + i);
            c.low = std::min(c.low, x), c.high = std::max(c.high, x);
            c.moments.add(x - double(nth(values, i)));
        }
    }
    return all;
}

// Differences up to which numbers of this magnitude count as equal: 4 units in the last place of a float32.
double rounding_of(double magnitude) { return 4 * magnitude * double(std::numeric_limits<float>::epsilon()); }

bool constant(const ColumnRange& c) {
    return !(c.high - c.low > rounding_of(std::max(std::fabs(c.low), std::fabs(c.high))));
}

void add(ColumnUnits& units, double centre, double scale) {
    if (scale > 0) units.varying.push_back(units.columns());
    units.centre.push_back(centre), units.scale.push_back(scale);
}

// The columns of an array, without the origin of the file, and the units that they suggest.
struct Measured {
    std::vector<ColumnRange> ranges;
    ColumnUnits units;
};

// Units of states: mean and standard deviation.
Measured measure_states(const Dataset& d) {
    Measured m{ranges(d, d.observations, d.state_dim, [](int64_t) { return true; }), {}};
    for (size_t i = 0; i < m.ranges.size(); ++i) {
        const ColumnRange& c = m.ranges[i];
        const double origin = d.origin.empty() ? 0 : d.origin[i];
        add(m.units, origin + double(d.observations[i]) + (constant(c) ? 0 : c.moments.mean()),
            constant(c) ? 0 : c.moments.std());
    }
    return m;
}

// Units of actions: the middle and half the width of the range.
Measured measure_actions(const Dataset& d) {
    Measured m{ranges(d, d.actions, d.action_dim, [&](int64_t t) { return nth(d.terminals, t) == 0; }), {}};
    for (size_t i = 0; i < m.ranges.size(); ++i) {
        const ColumnRange& c = m.ranges[i];
        const double origin = d.action_origin.empty() ? 0 : d.action_origin[i];
        add(m.units, origin + (c.low + c.high) / 2, constant(c) ? 0 : (c.high - c.low) / 2);
    }
    return m;
}

std::string problem_of(const Units& units) {
    if (units.states.dim() == 0)
        return "all columns of observations are constant: nothing moves; hint: check that this is the right file";
    if (units.actions.dim() == 0)
        return "all columns of actions are constant; hint: the method plans actions, so they must vary in the data";
    return "";
}

Units measure(const Dataset& d) { return {measure_states(d).units, measure_actions(d).units}; }

std::string column_list(const std::vector<int64_t>& columns) {
    std::string out;
    for (size_t i = 0; i < columns.size(); ++i)
        out += (i == 0 ? "" : i + 1 == columns.size() ? " and " : ", ") + std::to_string(columns[i]);
    return out;
}

std::string left_out(const char* what, const ColumnUnits& units) {
    const std::vector<int64_t> columns = units.constant();
    if (columns.empty()) return "";
    return text("; ", what, columns.size() == 1 ? " column " : " columns ", column_list(columns),
                columns.size() == 1 ? " never changes and is left out" : " never change and are left out");
}

}  // namespace

std::vector<int64_t> ColumnUnits::constant() const {
    std::vector<int64_t> columns;
    for (size_t i = 0; i < scale.size(); ++i)
        if (!(scale[i] > 0)) columns.push_back(static_cast<int64_t>(i));
    return columns;
}

std::vector<int64_t> ColumnUnits::places(const std::vector<int64_t>& columns) const {
    std::vector<int64_t> found;
    for (int64_t column : columns) {
        const auto at = std::lower_bound(varying.begin(), varying.end(), column);
        if (at != varying.end() && *at == column) found.push_back(at - varying.begin());
    }
    return found;
}

Units measure_units(const Dataset& d, const std::string& source) {
    Units units = measure(d);
    if (const std::string problem = problem_of(units); !problem.empty()) fail(ErrorKind::data, source, ": ", problem);
    return units;
}

std::string units_problem(const Dataset& recorded) { return problem_of(measure(recorded)); }

RecordedData convert(const Units& units, Dataset recorded, const std::string& source) {
    if (recorded.state_dim != units.states.columns() || recorded.action_dim != units.actions.columns())
        fail(ErrorKind::data, source, ": states and actions have ", recorded.state_dim, " and ", recorded.action_dim,
             " columns, expected ", units.states.columns(), " and ", units.actions.columns(), " as in the data");
    Dataset d;
    d.rows = recorded.rows, d.state_dim = units.states.dim(), d.action_dim = units.actions.dim();
    d.observations.resize(to_size(d.rows * d.state_dim));
    d.actions.resize(to_size(d.rows * d.action_dim));
    const double *origin = or_null(recorded.origin), *action_origin = or_null(recorded.action_origin);
    for (int64_t t = 0; t < d.rows; ++t) {
        units.states.inward(recorded.observation(t), d.observations.data() + t * d.state_dim, origin);
        units.actions.inward(recorded.action(t), d.actions.data() + t * d.action_dim, action_origin);
    }
    d.terminals = recorded.terminals, d.is_synthetic = recorded.is_synthetic;
    d.episode_start = recorded.episode_start, d.episode_of = recorded.episode_of;
    return {std::move(recorded), std::move(d)};
}

namespace {

// Files of one system differ in where their episodes are, but hardly by more than this many standard deviations of the
// states or half ranges of the actions, nor in their spread by more than this factor [ours].
constexpr double kSameUnits = 10;
constexpr int64_t kRowsOfSpread = 1000;  // from fewer rows, a small spread says nothing

// origin: that of the other file's array (Dataset).
void require_same(const char* array, const ColumnUnits& units, const Measured& other, const std::vector<double>& origin,
                  int64_t rows, const std::string& source) {
    const char* hint = "; hint: both files must be of the same system and in the same units";
    double widest = 0;
    for (int64_t i = 0; i < units.columns(); ++i) {
        const ColumnRange& c = nth(other.ranges, i);
        if (!(c.high >= c.low)) return;  // no row
        const double shift = origin.empty() ? 0 : nth(origin, i), low = shift + c.low, high = shift + c.high;
        const double centre = nth(units.centre, i), scale = nth(units.scale, i);
        auto shown = [&](double value) { return number_in_range(value, std::max(scale, high - low), 6); };
        const std::string found = text(source, ": ", array, "[", i, "] is ", shown(low), " to ", shown(high));
        const double rounding = rounding_of(std::max({std::fabs(low), std::fabs(high), std::fabs(centre)}));
        if (!(scale > 0)) {
            if (low < centre - rounding || high > centre + rounding)
                fail(ErrorKind::data, found, ", and always ", shown(centre), " in the data", hint);
            continue;
        }
        const double away = std::fabs(nth(other.units.centre, i) - centre) / scale,
                     spread = nth(other.units.scale, i) / scale;
        if (std::max(away, spread) > kSameUnits)
            fail(ErrorKind::data, found, ", far from ", shown(centre - scale), " to ", shown(centre + scale),
                 ", where most of the data are", hint);
        widest = std::max(widest, spread);
    }
    if (rows >= kRowsOfSpread && widest * kSameUnits < 1)
        fail(ErrorKind::data, source, ": all columns of ", array, " have less than a tenth of the spread of the data",
             hint);
}

}  // namespace

void require_same_units(const Units& units, const Dataset& d, const std::string& source) {
    require_same("observations", units.states, measure_states(d), d.origin, d.rows, source);
    require_same("actions", units.actions, measure_actions(d), d.action_origin, d.rows, source);
}

std::string describe_rounding(const Dataset& recorded, const ColumnUnits& units,
                              const std::vector<double>& sigma_delta) {
    constexpr double kCoarse = .05;  // of a typical change
    if (!recorded.origin.empty()) return "";
    for (int64_t k = 0; k < units.dim(); ++k) {
        const int64_t i = nth(units.varying, k);
        const double rounding = std::fabs(nth(units.centre, i)) * double(std::numeric_limits<float>::epsilon()) / 2,
                     change = nth(sigma_delta, k) * nth(units.scale, i);
        if (rounding > kCoarse * change)
            return text(
                "observations[", i, "]: as float32, values near ", number_in_range(nth(units.centre, i), 0, 3),
                " are rounded by up to ", number_in_range(rounding, 0, 2), ", ",
                number_in_range(100 * rounding / change, 0, 2),
                " % of a typical change in one step; hint: store observations as float64 from unrounded values, "
                "or subtract a constant before they are stored");
    }
    return "";
}

std::string describe(const Units& units) {
    auto range = [](double from, double to) {
        return "[" + number_in_range(from, to - from, 6) + ", " + number_in_range(to, to - from, 6) + "]";
    };
    double low = std::numeric_limits<double>::infinity(), high = -low;
    bool same = true;
    std::string ranges;
    for (int64_t i : units.actions.varying) {
        const double centre = nth(units.actions.centre, i), half = nth(units.actions.scale, i);
        same = same && (ranges.empty() || (centre - half == low && centre + half == high));
        low = std::min(low, centre - half), high = std::max(high, centre + half);
        ranges += (ranges.empty() ? "" : ", ") + range(centre - half, centre + half);
    }
    const std::string bounds = same                       ? range(low, high)
                               : units.actions.dim() <= 4 ? ranges
                                                          : range(low, high) + " over all columns";
    return "actions in " + bounds + left_out("state", units.states) + left_out("action", units.actions);
}

}  // namespace astro::data
