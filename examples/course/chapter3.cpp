// Chapter 3: which rows are targets of a cut, by the learnt distance and by Euclid's.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "astro/acceptance.h"
#include "astro/chains.h"
#include "astro/measure/metrics.h"
#include "astro/target_selection.h"
#include "examples/course/door.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

TargetIndex make_index(const Course& c, const SelectionConfig& selection, const TemporalMap& map) {
    return TargetIndex(c.context().threads, selection, map, c.pipeline.statistics(), c.config().planner.gap + 1,
                       c.config().planner.context, c.pipeline.seed());
}

const auto kNone = [](int64_t) { return false; };

// The travelling row that is nearest to a place and slow.
int64_t row_near(const Course& c, double x, double y) {
    const data::Dataset& d = c.pipeline.recorded();
    int64_t best = 0;
    double least = HUGE_VAL;
    for (int64_t t = 0; t < d.rows; ++t) {
        if (!c.pipeline.map().in_travel(t)) continue;
        const double way =
            std::hypot(d.state(t, 0) - x, d.state(t, 1) - y) + 5 * std::hypot(d.state(t, 2), d.state(t, 3));
        if (way < least) least = way, best = t;
    }
    return best;
}

void draw_targets(Course& c, const TargetIndex& by_steps, const TargetIndex& by_euclid) {
    const data::Dataset& d = c.pipeline.recorded();
    Drawing drawing(640, 420);
    const std::tuple<const char*, const TargetIndex*, double, double, const char*> panels[] = {
        {"cut at the wall: learnt distance", &by_steps, 10, 0, "wall_learnt"},
        {"cut at the wall: Euclid's distance", &by_euclid, 330, 0, "wall_euclid"},
        {"cut at the door: learnt distance", &by_steps, 10, 1, "door_learnt"},
        {"cut at the door: Euclid's distance", &by_euclid, 330, 1, "door_euclid"}};
    for (const auto& [title, index, left, lower, key] : panels) {
        const int64_t cut = lower > 0 ? row_near(c, 17.5, 4) : row_near(c, 17, 13);
        const Panel panel = drawing.world(c.world(), c.world().bounds, left, 5 + 200 * lower, 300, title);
        std::vector<XY> targets;
        int64_t other = 0;
        for (int64_t t : index->all_targets(cut, kNone)) {
            targets.push_back({d.state(t, 0), d.state(t, 1)});
            other += d.state(t, 0) > kDoorRight;
        }
        c.numbers[std::string("3/targets_") + key] = ssize(targets);
        c.numbers[std::string("3/targets_other_room_") + key] = other;
        drawing.dots(panel, targets, colour::green, 1.6);
        drawing.dots(panel, {{d.state(cut, 0), d.state(cut, 1)}}, colour::red, 4);
    }
    drawing.text({10, 414}, "Red: the cut. Green: the rows that rules (7.1) and (7.2) accept as targets.", 12);
    c.save("3-targets", drawing);
}

// Of the targets of many cuts near the wall, how many lie behind it: in the other room, and farther than three times
// the straight way.
double behind_wall_percent(const Course& c, const TargetIndex& index) {
    const data::Dataset& d = c.pipeline.recorded();
    std::vector<int64_t> cuts;
    for (int64_t t = 0; t < d.rows; ++t)
        if (c.pipeline.map().in_travel(t) && std::fabs(d.state(t, 0) - kMiddle) < 4 && d.state(t, 1) > 8)
            cuts.push_back(t);
    cuts = spread_evenly(cuts, 200);
    int64_t behind = 0, all = 0;
    for (int64_t cut : cuts) {
        std::vector<const float*> to;
        std::vector<int64_t> targets = spread_evenly(index.all_targets(cut, kNone), 200);
        for (int64_t t : targets) to.push_back(d.observation(t));
        const std::vector<double> way = c.environment.geodesics(d.observation(cut), to);
        for (size_t i = 0; i < targets.size(); ++i) {
            const double straight =
                std::hypot(d.state(cut, 0) - d.state(targets[i], 0), d.state(cut, 1) - d.state(targets[i], 1));
            behind += (d.state(cut, 0) > kMiddle) != (d.state(targets[i], 0) > kMiddle) && way[i] > 3 * straight;
            ++all;
        }
    }
    return all ? 100. * double(behind) / double(all) : 0;
}

// A quarter of the augmentation with a selector: yield, and the share of accepted bridges that violate the dynamics.
void augment_with(Course& c, const TemporalMap& map, const TargetIndex& index, const std::string& key) {
    Pipeline& p = c.pipeline;
    const AcceptanceBounds bounds =
        measure_bounds(c.config().augment, p.train(), p.statistics(), p.validation_bridges(), p.ensemble());
    const Augmentation made = build_chains(c.context(), c.config().augment, map, index, p.planner(), p.statistics(),
                                           bounds, c.config().selection, p.seed(), p.train_data().rows / 4, {});
    int64_t accepted = 0, crossing = 0;
    for (const BridgeAttempt& a : made.attempts) {
        if (a.verdict != Verdict::accepted) continue;
        ++accepted;
        crossing += c.right[to_size(a.source_row)] != c.right[to_size(a.target_row)];
    }
    const ViolationRates rates = count_violations(
        transition_errors(made.attempts, Seam::snap, p.statistics(), in_units(c.environment.exact_step, p.units())),
        {.5});
    c.numbers["3/attempts_" + key] = ssize(made.attempts);
    c.numbers["3/yield_percent_" + key] = 100. * double(accepted) / double(std::max<size_t>(1, made.attempts.size()));
    c.numbers["3/crossing_" + key] = crossing;
    c.numbers["3/wall_share_percent_" + key] = 100 * made.wall_share;
    c.numbers["3/violating_percent_" + key] = 100 * rates.bridge[0];
}

// Bridges to targets behind the wall, on purpose: the 64 pairs of a cut and one of its targets by this index that are
// most alike after the bridge's steps. What does the dynamics model say of them, and what does the exact cart do?
void through_the_wall(Course& c, const TargetIndex& index) {
    Pipeline& p = c.pipeline;
    const data::Dataset& d = p.recorded();
    const int64_t gap = c.config().planner.gap, l = c.config().planner.context;
    struct Pair {
        double distance;
        int64_t cut, target;
    };
    std::vector<Pair> pairs;
    for (int64_t start : window_starts(p.train(), p.map().arrival, l - 1, l - 1)) {
        const int64_t cut = start + l - 1;
        if (std::fabs(d.state(cut, 0) - kMiddle) > 3 || d.state(cut, 1) < 8) continue;
        for (int64_t target : index.all_targets(cut, kNone))
            if (c.right[to_size(cut)] != c.right[to_size(target)] && d.state(target, 1) > 8)
                pairs.push_back({index.approach(cut, target).distance, cut, target});
    }
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
        return std::tie(a.distance, a.cut, a.target) < std::tie(b.distance, b.cut, b.target);
    });
    pairs.resize(std::min<size_t>(64, pairs.size()));
    c.numbers["3/wall_pairs"] = ssize(pairs);
    if (pairs.empty()) return;
    std::vector<StitchEnds> ends;
    for (const Pair& pair : pairs) ends.push_back(ends_between(c, pair.cut, pair.target));
    const std::vector<std::vector<Bridge>> bridges = p.planner().sample(ends, gap, 4, noise_of(c, ends.size()));
    const std::vector<double>& sigma = p.statistics().sigma_delta;
    std::vector<double> by_model, driven, place, speed;  // the last two: by the model, of position and velocity alone
    size_t shown = 0;
    int64_t crossed = 0;
    for (size_t i = 0; i < ends.size(); ++i) {
        const std::vector<float> first(ends[i].source_states.end() - 4, ends[i].source_states.end());
        const std::vector<double> path = c.drive(first, bridges[i][0].actions);
        by_model.push_back(bridges[i][0].error);
        auto miss = [&](size_t column) {
            const float* end = bridges[i][0].states.data() + bridges[i][0].states.size() - 4;
            return (double(end[column]) - double(ends[i].target_states[column])) / sigma[column];
        };
        place.push_back(std::hypot(miss(0), miss(1)) / std::sqrt(2));
        speed.push_back(std::hypot(miss(2), miss(3)) / std::sqrt(2));
        driven.push_back(c.apart(c.inward({path.end() - 4, path.end()}).data(), ends[i].target_states.data()));
        crossed += (path[path.size() - 4] > kMiddle) != (path[0] > kMiddle);
        if (by_model[i] < by_model[shown]) shown = i;
    }
    c.numbers["3/wall_error_model"] = percentile(by_model, 50);
    c.numbers["3/wall_error_driven"] = percentile(driven, 50);
    c.numbers["3/wall_error_model_position"] = percentile(place, 50);
    c.numbers["3/wall_error_model_velocity"] = percentile(speed, 50);
    c.numbers["3/wall_least_model"] = by_model[shown];
    c.numbers["3/wall_least_driven"] = driven[shown];
    c.numbers["3/wall_crossed"] = crossed;
    const std::vector<XY> before = positions(c.outward(ends[shown].source_states)),
                          after = positions(c.outward(ends[shown].target_states));
    const std::vector<float> first(ends[shown].source_states.end() - 4, ends[shown].source_states.end());
    std::vector<float> predicted = first;
    predicted.insert(predicted.end(), bridges[shown][0].states.begin(), bridges[shown][0].states.end());
    Drawing drawing(640, 350);
    const Panel panel = drawing.world(c.world(), {kMiddle - 6, std::max(6., before.back().y - 3), 12, 6}, 10, 5, 620,
                                      "A target behind the wall, on purpose");
    drawing.line(panel, before, colour::blue, 2);
    drawing.line(panel, after, colour::orange, 2);
    drawing.line(panel, positions(c.outward(predicted)), colour::red, 2, "5,3");
    drawing.line(panel, positions(c.drive(first, bridges[shown][0].actions)), colour::black, 2);
    drawing.dots(panel, {after.front()}, colour::orange, 4);
    drawing.legend({10, 345}, {{"source", colour::blue},
                               {"target", colour::orange},
                               {"plan by the model", colour::red},
                               {"plan, driven exactly", colour::black}});
    c.save("3-wall", drawing);
}

}  // namespace

void chapter3(Course& c) {
    const SelectionConfig learnt = c.config().selection;
    // Euclid's distance of positions, calibrated in steps as the learnt one is (7.4).
    const TemporalMap& map = c.pipeline.map();
    const TemporalMap euclid =
        build_euclidean_map(c.context(), map, c.pipeline.validation_map(), c.pipeline.units().states.places({0, 1}),
                            c.pipeline.statistics(), c.config());
    const TargetIndex by_steps = make_index(c, learnt, map), by_euclid = make_index(c, learnt, euclid);
    draw_targets(c, by_steps, by_euclid);
    c.numbers["3/behind_wall_percent_learnt"] = behind_wall_percent(c, by_steps);
    c.numbers["3/behind_wall_percent_euclid"] = behind_wall_percent(c, by_euclid);
    through_the_wall(c, by_euclid);
    augment_with(c, map, by_steps, "learnt");
    augment_with(c, euclid, by_euclid, "euclid");

    // The threshold: how many targets remain, and how long their bridges are.
    const std::vector<int64_t> starts =
        spread_evenly(window_starts(c.pipeline.train(), map.arrival, c.config().planner.context, 0), 100);
    Drawing drawing(640, 300);
    std::vector<XY> count;
    for (const auto& [threshold, name] :
         std::vector<std::pair<double, const char*>>{{1, "1"}, {.75, "point75"}, {.5, "point5"}, {.25, "point25"}}) {
        SelectionConfig selection = learnt;
        selection.delta_threshold = threshold;
        const TargetIndex index = make_index(c, selection, map);
        std::vector<double> targets, steps;
        for (int64_t cut : starts) {
            const std::vector<int64_t> found = index.all_targets(cut, kNone);
            targets.push_back(double(found.size()));
            for (int64_t t : found) steps.push_back(map.calibration.steps(map.steps(cut, t)));
        }
        c.numbers[std::string("3/targets_threshold_") + name] = percentile(targets, 50);
        c.numbers[std::string("3/steps_threshold_") + name] = percentile(steps, 50);
        count.push_back({threshold, percentile(targets, 50)});
    }
    const Panel panel = drawing.axes(10, 5, 620, 285, {0, 0}, {1, 1.1 * count[0].y},
                                     "Targets of a cut (median of 100 cuts) by the filter threshold",
                                     "threshold of (7.1): 1 sets no lower bound", "targets");
    drawing.line(panel, count, colour::blue, 2);
    drawing.dots(panel, count, colour::blue, 4);
    c.save("3-threshold", drawing);
    c.numbers["3/longest"] = c.config().planner.gap + 1;
}

}  // namespace course
