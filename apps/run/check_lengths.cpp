#include "apps/run/check_lengths.h"

#include <algorithm>

#include "apps/method_names.h"
#include "astro/temporal_map.h"
#include "data/dataset_name.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr const char* kStillHint = "; hint: --data.arrival_steps 0 counts all rows as travel";

// Whether episodes of so many rows are too short for chains to start in them, and the setting for which they are not.
bool too_short_for_chains(int64_t rows, const LengthNeeds& needs, const Config& config) {
    return needs.chains && static_cast<double>(rows - 1) <= config.augment.start_arrival;
}
std::string start_earlier(int64_t rows) { return text("--augment.start_arrival ", (rows - 1) / 4); }

// The end of messages about episodes that are shorter than a planner's window: settings whose window has at most so
// many rows. further: other settings for these episodes. A quarter of long episodes is left to rows at the target.
std::string shorter_window(int64_t rows, const std::string& further) {
    constexpr int64_t kMin = 5, kLong = 40;  // a context of 2 and a gap of 1
    if (rows < kMin) return text("; the smallest window has ", kMin);
    if (rows >= kLong) rows = rows * 3 / 4;
    return text("; hint: --planner.context ", std::max<int64_t>(2, (rows - 1) / 3), " --planner.gap ", rows / 3,
                further.empty() ? "" : " ", further);
}

// Error(data) if no held-out episode moves for the two steps that calibrate distances.
void check_calibration(const std::string& source, const Trajectories& validation, const DataConfig& config) {
    const data::Dataset& d = *validation.dataset;
    const std::vector<int64_t> arrival = latest_arrivals(validation, config);
    int64_t longest = 0;
    bool moves = false;
    for (int64_t k = 0; k < validation.count(); ++k) {
        longest = std::max(longest, nth(arrival, k) - validation.begin(k));
        for (int64_t t = validation.begin(k); t < validation.last(k); ++t)
            moves = moves || !std::equal(d.observation(t), d.observation(t + 1), d.observation(t + 1));
    }
    if (!moves) fail(ErrorKind::data, source, ": nothing moves in the validation episodes, which calibrate distances");
    if (longest < 2)
        fail(ErrorKind::data, source, ": no validation episode moves for 2 steps, which calibrate distances",
             validation.longest() > 2 ? kStillHint : "");
}

}  // namespace

void check_rows(const std::string& source, int64_t rows, int64_t validation_rows, const LengthNeeds& needs,
                const Config& config) {
    const int64_t window = config.planner.window();
    for (const bool held_out : {false, true})
        if (const int64_t longest = held_out ? validation_rows : rows; needs.windows && longest < window)
            fail(ErrorKind::data, held_out ? data::validation_source(source) : source, ": the longest ",
                 held_out ? "validation " : "", "episode has ", longest, " rows, a planner's window ", window,
                 " (2 x planner.context + planner.gap)",
                 shorter_window(std::min(rows, validation_rows),
                                too_short_for_chains(rows, needs, config) ? start_earlier(rows) : ""));
    if (too_short_for_chains(rows, needs, config))
        fail(ErrorKind::data, source, ": the longest episode has ", rows - 1,
             " steps, but chains start in episodes of more than ", config.augment.start_arrival,
             " steps; hint: ", start_earlier(rows));
}

void check_lengths(const std::string& source, const Trajectories& train, const Trajectories& validation,
                   const LengthNeeds& needs, const Config& config) {
    check_rows(source, train.longest(), validation.longest(), needs, config);
    if (needs.distances) check_calibration(data::validation_source(source), validation, config.data);
    const int64_t to_target = config.planner.context + config.planner.gap, after = config.planner.context - 1;
    for (const Trajectories* part : {&train, &validation})
        if (needs.windows &&
            window_starts(*part, latest_arrivals(*part, config.data), to_target + after, to_target).empty())
            fail(ErrorKind::data, part == &train ? source : data::validation_source(source), ": no ",
                 part == &train ? "" : "validation ", "episode moves for ", to_target, " steps and has ", after,
                 " more, as a planner's window needs", kStillHint);
}

}  // namespace astro::app
