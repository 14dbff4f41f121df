// Chapter 5: one plan through the door at every noise level, and how good the estimate is at each.
#include <algorithm>
#include <cmath>
#include <map>

#include "diffusion/noise_schedule.h"
#include "examples/course/door.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace course {

void chapter5(Course& c) {
    const int64_t gap = c.config().planner.gap, actions = 2 * (gap + 1);
    const std::vector<StitchEnds> ends = door_ends(c, 128);
    const std::vector<Rng> streams = noise_of(c, ends.size());
    PlannerConfig unguided = c.config().planner;
    unguided.sampling.guidance_steps = unguided.sampling.final_guidance_steps = 0;
    const auto planner = planner_of(c, unguided);

    // At each level: the estimates, and the noisy plans.
    std::vector<int64_t> levels;
    std::vector<std::vector<float>> noisy, estimate;  // (B, U, A)
    SamplingView view;
    view.observe = [&](int64_t level, const Tensor& x, const Tensor& guess) {
        levels.push_back(level);
        noisy.push_back(x.to_vector<float>()), estimate.push_back(guess.to_vector<float>());
    };
    std::vector<Rng> own;  // the noise of the first candidate
    for (const Rng& stream : streams) own.push_back(stream.stream(uint64_t{0}));
    planner->sample_piece(ends, gap, own, view);
    const diffusion::NoiseSchedule schedule =
        diffusion::make_schedule(c.config().planner.network.schedule, c.config().planner.network.diffusion_steps);
    auto plan_of = [&](const std::vector<float>& all, size_t i) {
        return std::vector<float>(all.begin() + std::ptrdiff_t(i) * actions,
                                  all.begin() + std::ptrdiff_t(i + 1) * actions);
    };
    auto start_of = [&](size_t i) {
        return std::vector<float>(ends[i].source_states.end() - 4, ends[i].source_states.end());
    };
    std::vector<XY> missed, changed;
    for (size_t k = 0; k < levels.size(); ++k) {
        std::vector<double> errors, changes;
        for (size_t i = 0; i < ends.size(); ++i) {
            const std::vector<double> path = c.drive(start_of(i), plan_of(estimate[k], i));
            const std::vector<float> reached = c.inward({path.end() - 4, path.end()});
            errors.push_back(c.apart(reached.data(), ends[i].target_states.data()));
            const std::vector<float> now = plan_of(estimate[k], i), last = plan_of(estimate.back(), i);
            double square = 0;
            for (size_t j = 0; j < now.size(); ++j) square += double(now[j] - last[j]) * double(now[j] - last[j]);
            changes.push_back(std::sqrt(square / double(now.size())));
        }
        missed.push_back({double(levels[k]), percentile(errors, 50)});
        changed.push_back({double(levels[k]), percentile(changes, 50)});
        if (k == 0 || k + 1 == levels.size()) {
            const std::string key = k == 0 ? "first" : "last";
            c.numbers["5/error_" + key] = missed.back().y;
            c.numbers["5/level_" + key] = levels[k];
        }
        if (k == levels.size() / 2) {
            c.numbers["5/error_middle"] = missed.back().y;
            c.numbers["5/level_middle"] = levels[k];
            c.numbers["5/change_middle"] = changed.back().y;
        }
    }
    double largest = 0;  // of all levels but the first
    for (size_t k = 1; k < missed.size(); ++k) largest = std::max(largest, missed[k].y);
    std::vector<double> still;  // of a cart that stays at the cut, with its velocity
    for (size_t i = 0; i < ends.size(); ++i) still.push_back(c.apart(start_of(i).data(), ends[i].target_states.data()));
    c.numbers["5/error_still"] = percentile(still, 50);
    c.numbers["5/error_second"] = missed[1].y;
    c.numbers["5/error_largest_later"] = largest;
    c.numbers["5/change_first"] = changed.front().y;
    c.numbers["5/pairs"] = ssize(ends);
    c.numbers["5/levels"] = ssize(levels);
    c.numbers["5/alpha_bar_50_percent"] = 100 * nth(schedule.alpha_bar, 50);
    c.numbers["5/alpha_bar_100_percent"] = 100 * nth(schedule.alpha_bar, 100);

    // One plan: where the exact cart would go under the noisy plan and under its estimate.
    size_t shown = 0;  // the pair whose last estimate gains most on its first one
    double most = 0;
    for (size_t i = 0; i < ends.size(); ++i) {
        const std::vector<double> path = c.drive(start_of(i), plan_of(estimate[0], i)),
                                  end = c.drive(start_of(i), plan_of(estimate.back(), i));
        const std::vector<float> first = c.inward({path.end() - 4, path.end()}),
                                 last = c.inward({end.end() - 4, end.end()});
        const double gained =
            c.apart(first.data(), ends[i].target_states.data()) - c.apart(last.data(), ends[i].target_states.data());
        if (gained > most) most = gained, shown = i;
    }
    Drawing drawing(640, 475);
    const std::vector<XY> before = positions(c.outward(ends[shown].source_states)),
                          after = positions(c.outward(ends[shown].target_states));
    for (size_t k = 0; k < 6; ++k) {
        const size_t level = k * (levels.size() - 1) / 5;
        const Panel panel = drawing.world(c.world(), around_door(before, after), 10 + 210 * double(k % 3),
                                          5 + 220 * double(k / 3), 200, "level " + std::to_string(levels[level]));
        drawing.line(panel, before, colour::blue, 2);
        drawing.line(panel, after, colour::orange, 2);
        drawing.line(panel, positions(c.drive(start_of(shown), plan_of(noisy[level], shown))), colour::grey, 1.2,
                     "3,2");
        drawing.line(panel, positions(c.drive(start_of(shown), plan_of(estimate[level], shown))), colour::red, 2);
        drawing.dots(panel, {after.front()}, colour::orange, 3.5);
    }
    drawing.legend({10, 465}, {{"left episode", colour::blue},
                               {"right episode", colour::orange},
                               {"noisy plan, driven", colour::grey},
                               {"estimate of the clean plan, driven", colour::red}});
    c.save("5-levels", drawing);

    Drawing chart(640, 330);
    double top = 0;
    for (const XY& p : missed) top = std::max(top, p.y);
    const Panel panel = chart.axes(10, 5, 620, 300, {0, 0}, {100, 1.1 * top},
                                   "Where the estimate of each level arrives when it is driven (median of all pairs)",
                                   "noise level t (100: noise)", "distance from target, sigma_delta");
    chart.line(panel, missed, colour::red, 2);
    chart.dots(panel, missed, colour::red, 3.5);
    c.save("5-arrival", chart);
}

}  // namespace course
