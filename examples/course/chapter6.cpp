// Chapter 6: the same noise with and without feedback of the rollout deviation, with and without guidance.
#include <algorithm>
#include <cmath>

#include "astro/measure/metrics.h"
#include "examples/course/door.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

struct Variant {
    const char *key, *name, *stroke;
    bool feedback;
    int64_t guidance;
    std::vector<Bridge> bridges = {};
    double accepted = 0;                          // %
    std::vector<double> error = {}, driven = {};  // by the model; when the exact cart drives the plan
};

// Share of the values that are at most x, as a curve.
std::vector<XY> cumulative(std::vector<double> values, double most) {
    std::sort(values.begin(), values.end());
    std::vector<XY> points = {{0, 0}};
    for (size_t i = 0; i < values.size() && values[i] <= most; ++i)
        points.push_back({values[i], 100. * double(i + 1) / double(values.size())});
    points.push_back({most, points.back().y});
    return points;
}

}  // namespace

void chapter6(Course& c) {
    const int64_t gap = c.config().planner.gap;
    const std::vector<StitchEnds> ends = door_ends(c, 256);
    const std::vector<Rng> streams = noise_of(c, ends.size());
    const double accepted = c.config().augment.accept_threshold;
    std::vector<Variant> variants = {
        {"plain", "neither", colour::grey, false, 0},
        {"feedback", "feedback", colour::blue, true, 0},
        {"guided", "guidance", colour::orange, false, c.config().planner.sampling.final_guidance_steps},
        {"both", "both (the run)", colour::green, true, c.config().planner.sampling.final_guidance_steps}};
    for (Variant& v : variants) {
        PlannerConfig config = c.config().planner;
        config.feedback = v.feedback, config.sampling.guidance_steps = 0,
        config.sampling.final_guidance_steps = v.guidance;
        const auto planner = planner_of(c, config);
        for (const std::vector<Bridge>& candidates : planner->sample(ends, gap, 1, streams))
            v.bridges.push_back(candidates[0]);
        int64_t yield = 0;
        for (size_t i = 0; i < ends.size(); ++i) {
            const std::vector<float> start(ends[i].source_states.end() - 4, ends[i].source_states.end());
            const std::vector<double> path = c.drive(start, v.bridges[i].actions);
            const std::vector<float> reached = c.inward({path.end() - 4, path.end()});
            v.error.push_back(v.bridges[i].error);
            v.driven.push_back(c.apart(reached.data(), ends[i].target_states.data()));
            yield += v.bridges[i].error <= accepted;
        }
        const std::string key = std::string("_") + v.key;
        c.numbers["6/error" + key] = percentile(v.error, 50);
        c.numbers["6/error_90" + key] = percentile(v.error, 90);
        c.numbers["6/driven" + key] = percentile(v.driven, 50);
        c.numbers["6/driven_90" + key] = percentile(v.driven, 90);
        c.numbers["6/accepted_percent" + key] = v.accepted = 100. * double(yield) / double(ends.size());
    }
    c.numbers["6/gain_of_feedback"] = variants[3].accepted - variants[2].accepted;
    c.numbers["6/pairs"] = ssize(ends);
    c.numbers["6/threshold"] = accepted;
    int64_t nearer = 0;  // of the same noise
    for (size_t i = 0; i < ends.size(); ++i) nearer += variants[1].error[i] < variants[0].error[i];
    c.numbers["6/feedback_nearer_percent"] = 100. * double(nearer) / double(ends.size());

    Drawing chart(640, 330);
    const double most = std::max(.5, 1.1 * percentile(variants[0].driven, 90));
    const Panel panel = chart.axes(10, 5, 620, 300, {0, 0}, {most, 100},
                                   "Bridges through the door: how far from the target the exact cart arrives",
                                   "distance from target, sigma_delta", "share of bridges, %");
    std::vector<std::pair<std::string, std::string>> names;
    for (const Variant& v : variants) {
        chart.line(panel, cumulative(v.driven, most), v.stroke, 2);
        names.emplace_back(v.name, v.stroke);
    }
    chart.line(panel, {{accepted, 0}, {accepted, 100}}, colour::black, 1, "4,3");
    names.emplace_back("threshold of acceptance", colour::black);
    chart.legend({10, 322}, names);
    c.save("6-arrival", chart);

    // One pair: the one with the largest gain by feedback.
    size_t shown = 0;
    for (size_t i = 0; i < ends.size(); ++i)
        if (variants[0].error[i] - variants[1].error[i] > variants[0].error[shown] - variants[1].error[shown])
            shown = i;
    Drawing drawing(640, 255);
    const std::vector<XY> before = positions(c.outward(ends[shown].source_states)),
                          after = positions(c.outward(ends[shown].target_states));
    const std::vector<float> start(ends[shown].source_states.end() - 4, ends[shown].source_states.end());
    for (size_t k = 0; k < 3; ++k) {
        const Variant& v = variants[k == 2 ? 3 : k];
        const Panel view = drawing.world(c.world(), around_door(before, after), 10 + 210 * double(k), 5, 200, v.name);
        drawing.line(view, before, colour::blue, 2);
        drawing.line(view, after, colour::orange, 2);
        drawing.line(view, positions(c.drive(start, v.bridges[shown].actions)), colour::red, 2);
        drawing.dots(view, {after.front()}, colour::orange, 3.5);
    }
    drawing.legend(
        {10, 247},
        {{"left episode", colour::blue}, {"right episode", colour::orange}, {"plan, driven exactly", colour::red}});
    c.save("6-one-pair", drawing);
    c.numbers["6/shown_plain"] = variants[0].driven[shown];
    c.numbers["6/shown_feedback"] = variants[1].driven[shown];
    c.numbers["6/shown_both"] = variants[3].driven[shown];
}

}  // namespace course
