// Chapter 1: the recorded episodes, and what a policy does that clones them.
#include <algorithm>
#include <cmath>
#include <map>

#include "examples/course/course.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

void draw_episodes(const Course& c) {
    const data::Dataset& d = c.pipeline.recorded();
    Drawing drawing(640, 385);
    const Panel panel = drawing.world(c.world(), c.world().bounds, 10, 5, 620, "60 of the recorded episodes");
    for (int64_t e = 0; e < std::min<int64_t>(60, d.episodes()); ++e) {
        std::vector<XY> way;
        for (int64_t t = d.episode_start[to_size(e)]; t <= d.episode_end(e); t += 2)
            way.push_back({d.state(t, 0), d.state(t, 1)});
        drawing.line(panel, way, c.right[to_size(nth(d.episode_start, e))] ? colour::orange : colour::blue, .9);
    }
    for (int64_t task = 1; task <= c.environment.spec().tasks; ++task) {
        const data::Episode ends = c.environment.task(task);
        drawing.mark(panel, {ends.start[0], ends.start[1] + .4}, std::to_string(task), colour::black);
        drawing.mark(panel, {ends.goal[0], ends.goal[1] - .6}, std::to_string(task), colour::green);
    }
    drawing.legend({10, 375}, {{"left room", colour::blue},
                               {"right room", colour::orange},
                               {"start of a task", colour::black},
                               {"its goal", colour::green}});
    c.save("1-episodes", drawing);
}

void count_rows(Course& c) {
    const data::Dataset& d = c.pipeline.recorded();
    int64_t crossing = 0, in_door[2] = {}, rows[2] = {};
    double reach[2] = {0, HUGE_VAL};  // the largest x of left episodes, the smallest of right ones
    for (int64_t e = 0; e < d.episodes(); ++e) {
        double low = HUGE_VAL, high = 0;
        const bool right = c.right[to_size(nth(d.episode_start, e))];
        for (int64_t t = nth(d.episode_start, e); t <= d.episode_end(e); ++t) {
            const double x = d.state(t, 0);
            ++rows[right], in_door[right] += x > kDoorLeft && x < kDoorRight;
            low = std::min(low, x), high = std::max(high, x);
        }
        crossing += low < kDoorLeft && high > kDoorRight;
        if (right)
            reach[1] = std::min(reach[1], low);
        else
            reach[0] = std::max(reach[0], high);
    }
    c.numbers["1/episodes"] = d.episodes();
    c.numbers["1/rows"] = d.rows;
    c.numbers["1/crossing"] = crossing;
    c.numbers["1/in_door_left_percent"] = 100. * double(in_door[0]) / double(rows[0]);
    c.numbers["1/in_door_right_percent"] = 100. * double(in_door[1]) / double(rows[1]);
    c.numbers["1/reach_left"] = reach[0];
    c.numbers["1/reach_right"] = reach[1];
}

// Ends of the episodes that failed: where the policy is stuck.
void draw_cloning(Course& c) {
    const auto policy = c.policy("raw", "gcbc");
    const app::Evaluation e = app::evaluate_policy(c.runner, *policy, true);
    Drawing drawing(640, 385);
    const Panel panel =
        drawing.world(c.world(), c.world().bounds, 10, 5, 620, "Cloning on the recorded data: five episodes a task");
    int64_t failed = 0, same_side = 0, at_wall = 0;
    std::map<int64_t, int64_t> shown;
    for (size_t i = 0; i < e.outcomes.size(); ++i) {
        const std::vector<XY> way = positions(e.outcomes[i].path);
        const double side = e.episodes[i].start[0] < kMiddle ? -1 : 1, beyond = (way.back().x - kMiddle) * side;
        if (!e.outcomes[i].success) {
            ++failed, same_side += beyond > 0;
            at_wall += beyond > 0 && beyond < 2.5 && way.back().y > 5.5;
        }
        if (shown[e.episodes[i].task]++ >= 5) continue;
        const char* fill = e.outcomes[i].success ? colour::green : colour::orange;
        drawing.line(panel, way, fill, 1.2);
        drawing.dots(panel, {way.back()}, fill, 3.5);
    }
    for (int64_t task = 1; task <= c.environment.spec().tasks; ++task)
        drawing.mark(panel, {c.environment.task(task).start[0], c.environment.task(task).start[1]},
                     std::to_string(task), colour::black);
    drawing.legend({10, 375}, {{"arrived", colour::green}, {"did not arrive (dot: where it ended)", colour::orange}});
    c.save("1-cloning", drawing);
    c.numbers["1/success_percent"] = 100 * e.success;
    for (size_t t = 0; t < e.task_success.size(); ++t)
        c.numbers["1/success_task" + std::to_string(t + 1) + "_percent"] = 100 * e.task_success[t];
    c.numbers["1/evaluated"] = ssize(e.outcomes);
    c.numbers["1/failed"] = failed;
    c.numbers["1/failed_on_own_side_percent"] = failed ? 100. * double(same_side) / double(failed) : 0;
    c.numbers["1/failed_at_wall_percent"] = failed ? 100. * double(at_wall) / double(failed) : 0;
}

// How long a cart at .5 units a step rolls under full braking until its velocity has changed sign.
void stop(Course& c) {
    std::vector<double> state = {10, 10, .5, 0};
    int64_t steps = 0;
    for (; state[2] > 0; ++steps) state = c.environment.exact_step(state, {-1, 0});
    c.numbers["1/steps_to_stop"] = steps;
    c.numbers["1/way_to_stop"] = state[0] - 10;
    state = {4, 10, 0, 0};
    for (int64_t t = 0; t < 30; ++t) state = c.environment.exact_step(state, {1, 0});
    c.numbers["1/speed_after_30"] = state[2];
}

}  // namespace

void chapter1(Course& c) {
    count_rows(c);
    draw_episodes(c);
    draw_cloning(c);
    stop(c);
}

}  // namespace course
