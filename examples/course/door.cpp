#include "examples/course/door.h"

#include <algorithm>

#include "astro/target_selection.h"
#include "tensor/base/rows.h"

namespace course {

StitchEnds ends_between(const Course& c, int64_t cut, int64_t target) {
    Pipeline& p = c.pipeline;
    const data::Dataset& rows = p.train_data();
    const int64_t l = c.config().planner.context;
    StitchEnds ends = recorded_ends(rows, cut - l + 1, rows, target, l);
    ends.own_actions = actions_from(p.train(), cut, c.config().planner.gap + 1);
    ends.steps = p.map().calibration.steps(p.map().steps(cut, target));
    return ends;
}

std::vector<StitchEnds> door_ends(const Course& c, int64_t most) {
    Pipeline& p = c.pipeline;
    const data::Dataset& d = p.recorded();
    const TemporalMap& map = p.map();
    const int64_t l = c.config().planner.context, gap = c.config().planner.gap;
    const TargetIndex index(c.context().threads, c.config().selection, map, p.statistics(), gap + 1, l, p.seed());
    std::vector<int64_t> cuts;
    for (int64_t start : window_starts(p.train(), map.arrival, l - 1, l - 1))
        if (const int64_t cut = start + l - 1; !c.right[to_size(cut)] && d.state(cut, 0) > kMiddle - 4)
            cuts.push_back(cut);
    std::vector<StitchEnds> all;
    Rng rng = Rng(p.seed()).stream("course/door");
    for (int64_t cut : spread_evenly(cuts, 20 * most)) {
        std::vector<int64_t> across;
        for (int64_t t : index.all_targets(cut, [](int64_t) { return false; }))
            if (c.right[to_size(t)]) across.push_back(t);
        if (across.empty()) continue;
        const int64_t target = nth(across, rng.below(ssize(across)));
        all.push_back(ends_between(c, cut, target));
    }
    if (all.empty()) fail(ErrorKind::data, "no row has a target behind the door; hint: more collect.episodes");
    std::vector<StitchEnds> some;
    const int64_t wanted = std::min(most, ssize(all));
    for (int64_t i = 0; i < wanted; ++i) some.push_back(nth(all, i * ssize(all) / wanted));
    return some;
}

std::vector<Rng> noise_of(const Course& c, size_t count) {
    std::vector<Rng> streams;
    for (size_t i = 0; i < count; ++i) streams.push_back(Rng(c.pipeline.seed()).stream("course/noise").stream(i));
    return streams;
}

std::unique_ptr<Planner> planner_of(const Course& c, const PlannerConfig& config) {
    Pipeline& p = c.pipeline;
    auto planner =
        std::make_unique<Planner>(c.context(), config, p.map(), p.statistics(),
                                  std::vector<const Dynamics*>{&p.dynamics(0)}, c.config().dynamics, p.seed());
    load_state(*planner, c.runner.folder().checkpoints("planner"), "", [](const std::string&) {});
    return planner;
}

data::WorldPicture::Rectangle around_door(const std::vector<XY>& before, const std::vector<XY>& after) {
    double low = kMiddle - 3, high = kMiddle + 3, bottom = 2, top = 6;
    for (const std::vector<XY>* path : {&before, &after})
        for (const XY& p : *path) {
            low = std::min(low, p.x - .5), high = std::max(high, p.x + .5);
            bottom = std::min(bottom, p.y - 1), top = std::max(top, p.y + 1);
        }
    const double side = std::max(high - low, top - bottom);  // a square, so that panels have equal heights
    return {(low + high - side) / 2, std::max(0., (bottom + top - side) / 2), side, side};
}

}  // namespace course
