#include "data/validate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "data/dataset_load.h"
#include "data/jumps.h"
#include "data/npz.h"
#include "data/units.h"
#include "tensor/base/error.h"
#include "tensor/base/moments.h"
#include "tensor/base/percentile.h"
#include "tensor/base/printable.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

struct ColumnStatistics {
    double low = 0, high = 0, mean = 0, std = 0;
    int64_t not_finite = 0;
};

ColumnStatistics column_statistics(const std::vector<float>& values, int64_t width, int64_t column) {
    ColumnStatistics s;
    double first = 0;
    Moments moments;  // of differences from the first value
    for (auto i = to_size(column); i < values.size(); i += to_size(width)) {
        double v = static_cast<double>(values[i]);
        if (!std::isfinite(v)) {
            ++s.not_finite;
            continue;
        }
        if (moments.count == 0) s.low = s.high = first = v;
        s.low = std::min(s.low, v);
        s.high = std::max(s.high, v);
        moments.add(v - first);
    }
    s.mean = first + moments.mean();
    s.std = moments.std();
    return s;
}

std::string number(double value) {
    char out[32];
    std::snprintf(out, sizeof out, "%.5g", value);
    return out;
}

std::string percent(int64_t part, int64_t whole) {
    char out[32];
    std::snprintf(out, sizeof out, "%.2f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
    return out;
}

// "3, 17, 20, ...": at most five rows.
std::string some_rows(const std::vector<int64_t>& rows) {
    std::string out;
    for (size_t i = 0; i < rows.size() && i < 5; ++i) out += (i > 0 ? ", " : "") + std::to_string(rows[i]);
    return rows.size() > 5 ? out + ", ..." : out;
}

constexpr double kExtreme = 1e6, kFar = 100;  // times the range of 98 % of the values of a column

// About a value that is so many ranges away from 98 % of its column; "" if there is none. values (rows, width); those
// of rows with skipped(row) are not used.
template <class Skipped>
std::string extreme_value(const char* name, const std::vector<float>& values, int64_t width,
                          const std::vector<double>& origin, double ranges, Skipped skipped) {
    constexpr int64_t kSample = 10000;  // rows for this range
    const int64_t rows = ssize(values) / std::max<int64_t>(1, width), every = rows / kSample + 1;
    for (int64_t column = 0; column < width; ++column) {
        const auto value = [&](int64_t row) {
            return double(nth(values, row * width + column)) + (origin.empty() ? 0 : nth(origin, column));
        };
        std::vector<double> sample;
        for (int64_t row = 0; row < rows; row += every)
            if (!skipped(row)) sample.push_back(value(row));
        const double low = percentile(sample, 1), high = percentile(sample, 99);
        for (int64_t row = 0; row < rows && high > low; ++row)
            if (const double x = value(row); !skipped(row) && std::max(x - high, low - x) > ranges * (high - low))
                return text(name, " row ", row, ", column ", column, ": ", number(x),
                            ", but 98 % of the values in this column are from ", number(low), " to ", number(high),
                            "; hint: correct this value, or remove its row or episode");
    }
    return "";
}

// The first such value of the states, else of the actions that lead from a row to the next.
std::string extreme_value(const Dataset& d, double ranges) {
    const std::string state =
        extreme_value("observations", d.observations, d.state_dim, d.origin, ranges, [](int64_t) { return false; });
    return !state.empty() ? state
                          : extreme_value("actions", d.actions, d.action_dim, d.action_origin, ranges,
                                          [&](int64_t row) { return nth(d.terminals, row) != 0; });
}

class Findings {
  public:
    template <class... Parts>
    void add(Severity severity, const Parts&... parts) {
        list.push_back({severity, text(parts...)});
    }
    std::vector<Finding> list;
};

void report_columns(Findings& findings, const char* name, const std::vector<float>& values, int64_t width,
                    bool warn_if_constant, const std::vector<double>& origin = {}) {
    for (int64_t column = 0; column < width; ++column) {
        ColumnStatistics s = column_statistics(values, width, column);
        if (!origin.empty())
            for (double* value : {&s.low, &s.high, &s.mean}) *value += nth(origin, column);
        auto in_range = [&](double value) { return number_in_range(value, s.high - s.low, 5); };
        findings.add(Severity::info, name, "[", column, "]: ", in_range(s.low), " .. ", in_range(s.high), ", mean ",
                     in_range(s.mean), ", std ", number(s.std));
        if (s.not_finite > 0) {
            findings.add(Severity::error, name, "[", column, "]: ", s.not_finite, " values are NaN or infinite");
        }
        if (warn_if_constant && s.low == s.high) {
            findings.add(Severity::warning, name, "[", column, "]: the same value ", number(s.low), " in every row");
        }
    }
}

void report_episodes(Findings& findings, const Dataset& dataset) {
    int64_t shortest = dataset.rows, longest = 0;
    std::vector<int64_t> single_rows;
    for (int64_t e = 0; e < dataset.episodes(); ++e) {
        int64_t start = nth(dataset.episode_start, e), length = dataset.episode_end(e) - start + 1;
        shortest = std::min(shortest, length);
        longest = std::max(longest, length);
        if (length < 2) single_rows.push_back(start);
    }
    findings.add(Severity::info, dataset.rows, " rows, ", dataset.episodes(), " episodes of ", shortest,
                 shortest == longest ? "" : text(" to ", longest), " rows, ", dataset.rows - dataset.episodes(),
                 " transitions");
    if (!single_rows.empty()) {
        findings.add(Severity::warning, single_rows.size(), " episodes of a single row have no transition: rows ",
                     some_rows(single_rows));
    }
}

void report_actions(Findings& findings, const Dataset& dataset) {
    int64_t saturated = 0, outside = 0;
    for (int64_t row = 0; row < dataset.rows; ++row)
        for (int64_t column = 0; column < dataset.action_dim; ++column) {
            const double action = std::fabs(dataset.action_value(row, column));
            saturated += action >= .9999 && action <= 1;
            outside += action > 1;
        }
    auto all = ssize(dataset.actions);
    findings.add(Severity::info, "actions: ", percent(saturated, all), " at the limits -1 and 1",
                 outside > 0 ? ", " + percent(outside, all) + " outside" : "");
    if (outside > 0) {
        findings.add(Severity::warning, "actions: ", outside, " values (", percent(outside, all),
                     ") outside [-1, 1]: built-in environments clip them; the method scales actions by their range");
    }
}

void report_jumps(Findings& findings, const Dataset& dataset) {
    const Jumps jumps = find_jumps(dataset);
    if (jumps.undecided > 0) findings.add(Severity::warning, "observations: ", describe_undecided(jumps.undecided));
    if (jumps.rows.empty()) return;
    findings.add(Severity::warning, "observations: ", jumps.rows.size(), " jumps longer than ", number(jumps.bound),
                 " standard deviations of the columns (ordinary steps are shorter), up to ", number(jumps.largest),
                 ", at rows ", some_rows(jumps.rows), ": teleports, or ends of episodes without a mark");
}

// Training does not use the labels of a file, so a file whose labels cannot be read is still valid.
std::vector<Finding> inspect_labels(const NpzReader& reader, const Dataset& dataset) {
    try {
        std::vector<float> labels[2];
        for (size_t i = 0; i < 2; ++i) {
            const char* key = i == 0 ? "rewards" : "masks";
            const std::vector<int64_t>& shape = reader.entry(key).header.shape;
            if (shape.size() != 1 || shape[0] != dataset.rows)
                fail(ErrorKind::data, reader.where(key), ": shape ", shape_text(shape), ", expected (", dataset.rows,
                     ",)");
            labels[i] = reader.read_as<float>(key);
        }
        return validate_labels(dataset, labels[0], labels[1]);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        return {{Severity::info,
                 text("note: rewards and masks are not checked, and training does not use them: ", error.what())}};
    }
}

}  // namespace

std::vector<Finding> validate(const Dataset& dataset) {
    Findings findings;
    report_episodes(findings, dataset);
    report_columns(findings, "observations", dataset.observations, dataset.state_dim, true, dataset.origin);
    report_columns(findings, "actions", dataset.actions, dataset.action_dim, true, dataset.action_origin);
    report_columns(findings, "qpos", dataset.qpos, dataset.qpos_dim, false);
    report_columns(findings, "qvel", dataset.qvel, dataset.qvel_dim, false);
    report_actions(findings, dataset);
    report_jumps(findings, dataset);
    for (const std::string& words : column_warnings(dataset)) findings.add(Severity::warning, words);
    if (!dataset.is_synthetic.empty()) {
        int64_t synthetic = std::count(dataset.is_synthetic.begin(), dataset.is_synthetic.end(), uint8_t{1});
        findings.add(Severity::info, "augmented: ", synthetic, " rows (", percent(synthetic, dataset.rows),
                     ") have a synthetic transition");
    }
    return std::move(findings.list);
}

std::vector<Finding> validate_labels(const Dataset& dataset, const std::vector<float>& rewards,
                                     const std::vector<float>& masks) {
    Findings findings;
    auto rows = to_size(dataset.rows);
    if (rewards.size() != rows || masks.size() != rows) {
        findings.add(Severity::error, "labels: ", rewards.size(), " rewards and ", masks.size(), " masks for ", rows,
                     " rows");
        return std::move(findings.list);
    }
    float best = -std::numeric_limits<float>::infinity();
    int64_t zeros = 0, at_ends = 0, invalid = 0, negative = 0;
    for (size_t row = 0; row < rows; ++row) {
        best = std::max(best, rewards[row]);
        negative += rewards[row] < 0;
        zeros += masks[row] == 0;
        at_ends += masks[row] == 0 && dataset.terminals[row] != 0;
        invalid += masks[row] != 0 && masks[row] != 1;
    }
    findings.add(Severity::info, "labels: ", percent(dataset.rows - negative, dataset.rows),
                 " of the rows have a reward of 0 or more, ", percent(zeros, dataset.rows), " a mask of 0");
    if (invalid > 0) findings.add(Severity::error, "masks: ", invalid, " values are neither 0 nor 1");
    if (best < 0) {
        findings.add(Severity::warning, "rewards: the largest is ", number(static_cast<double>(best)),
                     ": the data contain no success, so there is no reward to learn from");
    }
    if (zeros > 0 && zeros == at_ends && zeros == dataset.episodes()) {
        findings.add(Severity::warning,
                     "masks: 0 exactly at the ends of trajectories. These are truncations and must not stop "
                     "bootstrapping; a mask should be 0 only at success");
    }
    return std::move(findings.list);
}

std::vector<Finding> inspect_file(const std::string& path, ThreadPool* pool, double unpack_ratio) {
    NpzReader reader(path, unpack_ratio);
    Findings findings;
    for (const NpzEntry& entry : reader.entries()) {
        const NpyHeader& header = entry.header;
        if (!entry.problem.empty()) {
            findings.add(Severity::info, "array ", printable(entry.key), ": cannot be read (", entry.problem, ")");
            continue;
        }
        findings.add(Severity::info, "array ", printable(entry.key), ": ",
                     header.supported ? std::string(type_name(header.type)) : printable(header.descr, 60), " ",
                     shape_text(header.shape), reader.compressed(entry) ? ", compressed" : ", stored",
                     header.supported ? "" : " (dtype not supported: skipped)");
    }
    for (const std::string& warning : reader.warnings()) findings.add(Severity::warning, warning);
    try {
        Dataset dataset = load_dataset(path, pool, Parts::all, unpack_ratio);
        for (const std::string& note : dataset.notes) findings.add(Severity::info, "note: ", note);
        std::string problem = training_problem(dataset);
        if (problem.empty()) problem = units_problem(dataset);
        if (!problem.empty()) findings.add(Severity::warning, "not accepted for training: ", problem);
        std::vector<Finding> more = validate(dataset);
        findings.list.insert(findings.list.end(), more.begin(), more.end());
        if (reader.find("rewards") != nullptr && reader.find("masks") != nullptr) {
            more = inspect_labels(reader, dataset);
            findings.list.insert(findings.list.end(), more.begin(), more.end());
        }
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        findings.add(Severity::error, error.what());
    }
    return std::move(findings.list);
}

std::vector<int64_t> episode_constants(const Dataset& d) {
    std::vector<int64_t> columns;
    for (int64_t i = 0; i < d.state_dim; ++i) {
        std::set<float> values;
        bool constant = true;
        for (int64_t row = 0; row < d.rows && constant; ++row) {
            const float first = d.observation(nth(d.episode_start, nth(d.episode_of, row)))[i];
            constant = d.observation(row)[i] == first;
            values.insert(first);
        }
        constexpr int64_t kEpisodesOfOne = 4;  // if fewer share a value, hardly any two episodes can be joined
        if (constant && ssize(values) > 1 && kEpisodesOfOne * ssize(values) > d.episodes()) columns.push_back(i);
    }
    return columns;
}

std::vector<std::string> column_warnings(const Dataset& dataset) {
    std::vector<std::string> all;
    if (const std::string far = extreme_value(dataset, kFar); !far.empty()) all.push_back(far);
    for (int64_t column : episode_constants(dataset))
        all.push_back(text("observations[", column,
                           "] never changes within an episode, but differs between episodes, so "
                           "no bridge can join them; hint: leave column ",
                           column, " out of the observations"));
    return all;
}

std::string training_problem(const Dataset& dataset) {
    const int64_t transitions = dataset.rows - dataset.episodes();
    if (dataset.episodes() < 2)
        return "a single episode cannot be stitched, expected at least 2; hint: mark the end of each episode";
    if (transitions < kMinTransitions)
        return text(transitions, " transitions in ", dataset.episodes(),
                    " episodes are too few to learn from, expected at least ", kMinTransitions);
    if (const std::string extreme = extreme_value(dataset, kExtreme); !extreme.empty()) return extreme;
    for (int64_t row = 0; row + 1 < dataset.rows; ++row)
        if (nth(dataset.terminals, row) == 0 &&
            !std::equal(dataset.observation(row), dataset.observation(row + 1), dataset.observation(row + 1)))
            return "";
    return "nothing moves: within each episode all observations are equal";
}

}  // namespace astro::data
