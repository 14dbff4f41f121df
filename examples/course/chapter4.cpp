// Chapter 4: how far the predictions of the dynamics drift from the recording, step after step.
#include <algorithm>
#include <cmath>

#include "astro/dynamics.h"
#include "astro/measure/one_step.h"
#include "astro/measure/open_loop.h"
#include "examples/course/course.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

// Whether the cart touches a wall in a window of held-out rows: its position is then exactly half a side from it.
bool touches(const Course& c, const data::Dataset& d, int64_t start, int64_t steps) {
    for (const XY& p : positions(c.outward({d.observation(start), d.observation(start + steps + 1)}))) {
        auto at = [](double v, double surface) { return std::fabs(v - surface) < 1e-4; };
        if (at(p.x, 2.5) || at(p.x, 35.5) || at(p.y, 2.5) || at(p.y, 17.5)) return true;
        if (p.y > 5.5 - 1e-4 && (at(p.x, 17.5) || at(p.x, 20.5) || at(p.y, 5.5))) return true;
    }
    return false;
}

OpenLoopPrediction by(const Dynamics& model, int64_t passes) {
    return [&model, passes](const Tensor& first, const Tensor& actions) {
        NoTape off;
        return model.rollout(first, actions, passes).to_vector<float>();
    };
}

}  // namespace

void chapter4(Course& c) {
    Pipeline& pipeline = c.pipeline;
    const int64_t horizon = pipeline.horizon();
    const std::vector<double>& sigma = pipeline.statistics().sigma_delta;
    const Trajectories& held_out = pipeline.validation();
    const std::vector<int64_t> windows = open_loop_windows(held_out, pipeline.validation_map().arrival, horizon, 2000);
    int64_t at_walls = 0;
    for (int64_t start : windows) at_walls += touches(c, *held_out.dataset, start, horizon);
    auto errors = [&](const std::vector<int64_t>& starts, const OpenLoopPrediction& predict) {
        return open_loop_rmse(c.context(), held_out, starts, horizon, sigma, predict);
    };

    // The same transformer, trained half on noisy differences, so that it can also be sampled.
    DynamicsConfig sampled = c.config().dynamics;
    sampled.form = DynamicsForm::sampled, sampled.one_pass_share = .5;
    const auto diffusion =
        make_dynamics(c.context(), sampled, horizon, pipeline.map(), pipeline.statistics(), pipeline.seed());
    train(*diffusion);

    const OpenLoopPrediction one_step = one_step_rollout(c.context().backend, pipeline.one_step().members()[0], sigma);
    struct Curve {
        const char *key, *name, *stroke;
        std::vector<double> error;
    };
    const std::vector<Curve> curves = {
        {"one_pass", "transformer, one pass", colour::blue, errors(windows, by(pipeline.dynamics(0), 1))},
        {"one_step", "one-step network", colour::orange, errors(windows, one_step)},
        {"sampled_1", "diffusion, 1 pass", colour::violet, errors(windows, by(*diffusion, 1))},
        {"sampled_20", "diffusion, 20 passes", colour::green, errors(windows, by(*diffusion, 20))},
        {"still", "standing still", colour::grey, errors(windows, persistence)}};
    double most = 0;
    for (size_t i = 0; i + 1 < curves.size(); ++i) most = std::max(most, curves[i].error.back());
    Drawing drawing(640, 330);
    const Panel panel =
        drawing.axes(10, 5, 620, 300, {1, 0}, {double(horizon), 1.3 * most},
                     "Error of the predicted state of held-out windows (rms)", "steps", "error, sigma_delta");
    std::vector<std::pair<std::string, std::string>> names;
    for (const Curve& curve : curves) {
        c.numbers[std::string("4/") + curve.key + "_1"] = curve.error.front();
        c.numbers[std::string("4/") + curve.key + "_last"] = curve.error.back();
        if (std::string(curve.key) == "still") continue;  // far above the others
        std::vector<XY> points;
        for (int64_t j = 1; j <= horizon; ++j) points.push_back({double(j), nth(curve.error, j - 1)});
        drawing.line(panel, points, curve.stroke, 2);
        names.emplace_back(curve.name, curve.stroke);
    }
    drawing.legend({10, 322}, names);
    c.save("4-drift", drawing);
    c.numbers["4/growth_one_pass"] = curves[0].error.back() / curves[0].error.front();
    c.numbers["4/growth_one_step"] = curves[1].error.back() / curves[1].error.front();
    std::vector<double> rolling = {5, 10, .5, 0};
    for (int t = 0; t < 9; ++t) rolling = c.environment.exact_step(rolling, {0, 0});
    c.numbers["4/roll_9"] = rolling[0] - 5;
    c.numbers["4/horizon"] = horizon;
    c.numbers["4/windows"] = ssize(windows);
    c.numbers["4/windows_at_walls_percent"] = 100. * double(at_walls) / double(windows.size());

    // Full force towards the wall between the rooms, as the cart moves and as the models predict it.
    const std::vector<double> start = {15.5, 13, .4, 0};
    const std::vector<float> first = c.inward(start);
    std::vector<double> forces;
    for (int64_t j = 0; j < horizon; ++j) forces.insert(forces.end(), {1, 0});
    const std::vector<float> actions = pipeline.units().actions.rows_inward<float>(forces);
    auto predicted = [&](const OpenLoopPrediction& predict) {
        const std::vector<float> moved = predict(Tensor::from(c.context().backend, Shape{1, 4}, first),
                                                 Tensor::from(c.context().backend, Shape{1, horizon, 2}, actions));
        std::vector<float> states = first;
        for (size_t i = 0; i < moved.size(); ++i) states.push_back(first[i % 4] + moved[i]);
        return positions(c.outward(states));
    };
    const std::vector<XY> way = positions(c.drive(first, actions));
    Drawing wall(640, 350);
    const Panel view = wall.world(c.world(), {14, 11, 9, 4.4}, 10, 5, 620,
                                  "Full force to the right, from (15.5, 13) at .4 a step; paths side by side");
    const std::tuple<const char*, const char*, double, std::vector<XY>> paths[] = {
        {"transformer", colour::blue, -.25, predicted(by(pipeline.dynamics(0), 1))},
        {"one_step", colour::orange, .25, predicted(one_step)},
        {"exact", colour::black, 0, way}};
    for (const auto& [key, stroke, shift, path] : paths) {
        std::vector<XY> shifted = path;  // beside one another, to tell them apart
        for (XY& p : shifted) p.y += shift;
        wall.line(view, shifted, stroke, 2);
        wall.dots(view, shifted, stroke, 3);
        c.numbers[std::string("4/wall_x_") + key] = path.back().x;
    }
    wall.legend({10, 345}, {{"exact (centre of the cart)", colour::black},
                            {"transformer, one pass", colour::blue},
                            {"one-step network", colour::orange}});
    c.save("4-wall", wall);
}

}  // namespace course
