// Example bridges on their way from noise.
#include <algorithm>

#include "apps/pictures/pictures.h"
#include "astro/measure/cross_pairs.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr int64_t kExamples = 6;
constexpr int64_t kColumns = 6;       // maximum number of state columns, and of action columns
constexpr int64_t kPlans = 24;        // maximum number of an example's plans: evenly spaced, first and last included
constexpr int64_t kNumbers = 200000;  // maximum number of values of states and actions, so that they fit into a page

// The columns of a file whose curves are drawn: those of the plane, then the first others that vary.
std::vector<int64_t> shown(const data::ColumnUnits& units, const std::vector<int64_t>& first) {
    std::vector<int64_t> columns;
    auto take = [&](int64_t column) {
        if (ssize(columns) < kColumns && std::count(columns.begin(), columns.end(), column) == 0)
            columns.push_back(column);
    };
    for (int64_t column : first) take(column);
    for (int64_t column : units.varying) take(column);
    return columns;
}

// Some columns of rows in the method's units, as in the file.
std::vector<float> outward(const data::ColumnUnits& units, const std::vector<float>& rows,
                           const std::vector<int64_t>& columns) {
    const std::vector<float> all = units.rows_outward<float>(rows);
    std::vector<float> out;
    for (int64_t row = 0; row < ssize(all) / units.columns(); ++row)
        for (int64_t column : columns) out.push_back(nth(all, row * units.columns() + column));
    return out;
}

void append(std::vector<float>& to, const std::vector<float>& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

void add_bridges(data::NpzWriter& npz, StageRunner& runner, const Plane& plane) {
    Pipeline& pipeline = runner.pipeline();
    const Planner& planner = pipeline.planner();
    const PlannerConfig& config = planner.config();
    const std::vector<int64_t> levels = planner.denoising_levels();
    const int64_t made = ssize(levels) + 1 + levels.empty();  // the noise, each step, and the last after guidance
    std::vector<int64_t> kept, level;
    for (int64_t k = 0, n = std::min(made, kPlans); k < n; ++k) {
        kept.push_back(k * (made - 1) / (n - 1));
        // The plan after step i was estimated at levels[i - 1].
        const int64_t i = std::max<int64_t>(0, kept.back() - 1);
        level.push_back(i < ssize(levels) ? nth(levels, i) : 0);
    }
    const int64_t each = 3 * ssize(kept) * (config.gap + 1) * 2 * kColumns;
    const int64_t examples = std::clamp<int64_t>(kNumbers / each, 1, kExamples);
    std::vector<StitchEnds> ends = cross_episode_ends(pipeline, examples);
    if (ends.empty()) ends = pipeline.validation_ends(examples);
    std::vector<Rng> streams;
    for (size_t i = 0; i < ends.size(); ++i) streams.push_back(Rng(pipeline.seed()).stream("report/bridges").stream(i));

    struct Way {
        std::string name;
        bool feedback, guidance;
    };
    std::vector<Way> ways = {{"as the run samples", true, true}};
    if (config.feedback) ways.push_back({"without feedback", false, true});
    if (config.sampling.guidance_steps + config.sampling.final_guidance_steps > 0)
        ways.push_back({"without guidance", true, false});

    const data::Units& units = pipeline.units();
    const std::vector<int64_t> columns = shown(units.states, plane.columns()), parts = shown(units.actions, {});
    std::vector<float> xy, states, actions, arrival_error;
    std::string names;
    for (const Way& way : ways) {
        names += way.name + "\n";
        const std::vector<std::vector<Bridge>> seen =
            planner.watch(ends, config.gap, streams, way.feedback, way.guidance);
        ASTRO_CHECK(ssize(seen) == made, "add_bridges: ", seen.size(), " plans, expected ", made);
        for (int64_t k : kept)
            for (const Bridge& bridge : nth(seen, k)) {
                append(xy, plane.of_states(bridge.states));
                append(states, outward(units.states, bridge.states, columns));
                append(actions, outward(units.actions, bridge.actions, parts));
                arrival_error.push_back(static_cast<float>(bridge.error));
            }
    }
    std::vector<float> around_xy, around_states;  // of each example the source rows, then the target rows
    for (const StitchEnds& end : ends)
        for (const std::vector<float>* rows : {&end.source_states, &end.target_states}) {
            append(around_xy, plane.of_states(*rows));
            append(around_states, outward(units.states, *rows, columns));
        }
    const int64_t w = ssize(ways), n = ssize(ends), plans = ssize(kept), rows = config.gap + 1, l = config.context;
    npz.add_text("bridge_ways.txt", names);
    add_list(npz, "bridge_step", kept);
    add_list(npz, "bridge_level", level);
    add_list(npz, "bridge_columns", columns);
    add_list(npz, "bridge_action_columns", parts);
    add_array(npz, "bridge_xy", {w, plans, n, rows, 2}, xy);
    add_array(npz, "bridge_states", {w, plans, n, rows, ssize(columns)}, states);
    add_array(npz, "bridge_actions", {w, plans, n, rows, ssize(parts)}, actions);
    add_array(npz, "bridge_arrival_error", {w, plans, n}, arrival_error);
    add_array(npz, "bridge_around_xy", {n, 2, l, 2}, around_xy);
    add_array(npz, "bridge_around_states", {n, 2, l, ssize(columns)}, around_states);
}

}  // namespace astro::app
