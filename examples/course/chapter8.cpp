// Chapter 8: learners on recorded and on stitched data, values on the way through the door, and search at test time.
#include <cmath>
#include <map>

#include "astro/learners/state_values.h"
#include "examples/course/course.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

void table(Course& c) {
    for (const std::string& arm : c.config().experiment.arms)
        for (const std::string& learner : c.config().experiment.learners) {
            const std::string key = arm + "/" + learner;
            c.numbers["8/" + key + "_percent"] = 100 * c.result("success/" + key + "/last");
            c.numbers["8/" + key + "_steps"] = c.result("success/" + key + "/steps");
            if (c.config().evaluate.subgoals <= 0) continue;
            const std::string led = arm + "+subgoals/" + learner;
            c.numbers["8/" + led + "_percent"] = 100 * c.result("success/" + led + "/last");
            c.numbers["8/" + led + "_steps"] = c.result("success/" + led + "/steps");
        }
    c.numbers["8/episodes"] = c.config().evaluate.episodes * c.environment.spec().tasks;
    c.numbers["8/tdr_updates"] = c.result("tdr_updates");
}

// The stitched policy's episodes; returns the path of the first one that arrives in task 1, or the first path.
std::vector<float> draw_rollouts(Course& c) {
    Drawing drawing(640, 420);
    std::vector<float> path;
    bool found = false;  // whether the path arrives
    const std::tuple<const char*, const char*, bool, double, double> panels[] = {
        {"cloning, recorded data", "raw", false, 10, 0},
        {"cloning, stitched data", "augmented", false, 330, 0},
        {"cloning, recorded data, led by subgoals", "raw", true, 10, 1}};
    for (const auto& [title, arm, led, left, lower] : panels) {
        const auto policy = c.policy(arm, "gcbc");
        const app::Evaluation e = app::evaluate_policy(c.runner, *policy, true, led);
        const Panel panel = drawing.world(c.world(), c.world().bounds, left, 5 + 200 * lower, 300, title);
        std::map<int64_t, int64_t> shown;
        for (size_t i = 0; i < e.outcomes.size(); ++i) {
            const bool arrived = e.outcomes[i].success && !found;
            if (std::string(arm) == "augmented" && (path.empty() || arrived))
                path = e.outcomes[i].path, found = arrived;
            if (shown[e.episodes[i].task]++ >= 3) continue;
            drawing.line(panel, positions(e.outcomes[i].path), e.outcomes[i].success ? colour::green : colour::orange,
                         1.1);
        }
    }
    drawing.legend({330, 250}, {{"arrived", colour::green}, {"did not arrive", colour::orange}});
    c.save("8-rollouts", drawing);
    return path;
}

// V(s, goal) of GCIVL on both data sets along one drive from room to room.
void draw_values(Course& c, const std::vector<float>& path) {
    const auto n = ssize(path) / 4;
    const std::vector<double> states(path.begin(), path.end()), goal(states.end() - 4, states.end());
    const double gamma = c.pipeline.gamma();
    const std::vector<float> s = c.inward(states), g = c.inward(goal);
    std::vector<float> input;
    for (int64_t i = 0; i < n; ++i) {
        input.insert(input.end(), s.begin() + 4 * i, s.begin() + 4 * i + 4);
        input.insert(input.end(), g.begin(), g.end());
    }
    int64_t crossing = 0;
    while (crossing + 1 < n && (states[to_size(4 * crossing)] < kMiddle) == (states[0] < kMiddle)) ++crossing;
    Drawing drawing(640, 330);
    const double worst = -1 / (1 - gamma);
    const Panel panel =
        drawing.axes(10, 5, 620, 300, {0, worst}, {double(n - 1), 0},
                     "Values V(s, goal) of GCIVL along one drive through the door", "steps since the start", "value");
    std::vector<XY> best;
    for (int64_t i = 0; i < n; ++i) best.push_back({double(i), -distance_from_steps(double(n - 1 - i), gamma)});
    drawing.line(panel, best, colour::grey, 1.5, "4,3");
    drawing.line(panel, {{double(crossing), worst}, {double(crossing), 0}}, colour::black, 1, "2,3");
    for (const auto& [arm, stroke] : {std::pair{"raw", colour::orange}, std::pair{"augmented", colour::blue}}) {
        const auto learner = c.policy(arm, "gcivl");
        const auto& values = dynamic_cast<const learners::StateValueLearner&>(*learner).values();
        NoTape off;
        const std::vector<float> v =
            values.mean(Tensor::from(c.context().backend, Shape{n, 8}, input)).to_vector<float>();
        std::vector<XY> points;
        double climb = 0, error = 0;
        for (int64_t i = 0; i < n; ++i) {
            points.push_back({double(i), double(nth(v, i))});
            error += std::fabs(double(nth(v, i)) - nth(best, i).y) / double(n);
        }
        for (int64_t i = 1; i <= crossing; ++i) climb += nth(v, i) > nth(v, i - 1);
        drawing.line(panel, points, stroke, 2);
        c.numbers[std::string("8/value_at_start_") + arm] = double(v.front());
        c.numbers[std::string("8/value_at_door_") + arm] = double(nth(v, crossing));
        c.numbers[std::string("8/rises_before_door_percent_") + arm] =
            100 * climb / double(std::max<int64_t>(1, crossing));
        c.numbers[std::string("8/value_error_") + arm] = error;
    }
    drawing.legend({10, 322}, {{"recorded data", colour::orange},
                               {"stitched data", colour::blue},
                               {"(4.2) for this drive", colour::grey},
                               {"middle of the door", colour::black}});
    c.save("8-values", drawing);
    c.numbers["8/drive_steps"] = n - 1;
    c.numbers["8/drive_crosses_at"] = crossing;
    c.numbers["8/drive_best_at_start"] = best.front().y;
}

}  // namespace

void chapter8(Course& c) {
    table(c);
    draw_values(c, draw_rollouts(c));
}

}  // namespace course
