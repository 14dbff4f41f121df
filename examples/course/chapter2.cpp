// Chapter 2: the learnt distance in steps, beside Euclid's, with another expectile and another discount.
#include <algorithm>
#include <cmath>

#include "astro/measure/principal_plane.h"
#include "examples/course/course.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

// States at rest on a grid of `spacing` units.
std::vector<double> grid(const Course& c, double spacing) {
    std::vector<double> states;
    const std::vector<float>& all = c.world().states;
    auto on_grid = [&](float v) { return std::fabs(std::remainder(double(v) - spacing / 2, spacing)) < 1e-6; };
    for (size_t i = 0; i < all.size(); i += 4)
        if (on_grid(all[i]) && on_grid(all[i + 1]))
            states.insert(states.end(), {double(all[i]), double(all[i + 1]), 0, 0});
    return states;
}

// Steps from the start of task 1 to places everywhere.
void draw_maps(const Course& c, const Distances& distances) {
    const std::vector<double> places = grid(c, 1), start = c.environment.task(1).start;
    const std::vector<XY> at = positions(places);
    const Distances::Result learnt = distances.from(start, places);
    std::vector<double> euclid, truth;
    const std::vector<float> from(start.begin(), start.end()), to(places.begin(), places.end());
    std::vector<const float*> rows;
    for (size_t i = 0; i < to.size(); i += 4) rows.push_back(&to[i]);
    truth = c.environment.geodesics(from.data(), rows);
    for (const XY& p : at) euclid.push_back(std::hypot(p.x - start[0], p.y - start[1]));
    Drawing drawing(640, 420);
    const std::tuple<const char*, const std::vector<double>*, double, double> panels[] = {
        {"Euclid's distance", &euclid, 10, 5},
        {"learnt distance (4.1), calibrated", &learnt.calibrated, 330, 5},
        {"graph distance d_G (5.3)", &learnt.graph, 10, 205},
        {"true shortest way, for comparison", &truth, 330, 205}};
    for (const auto& [title, values, left, top] : panels) {
        double most = 0;
        for (double v : *values)
            if (std::isfinite(v)) most = std::max(most, v);
        const Panel panel = drawing.world(c.world(), c.world().bounds, left, top, 300, title);
        drawing.field(panel, at, *values, 0, most, 1);
        drawing.mark(panel, {start[0], start[1]}, "1", colour::black);
    }
    drawing.text({10, 414}, "From the start of task 1. Dark blue: near; yellow: the farthest of this picture.", 12);
    c.save("2-maps", drawing);
}

// The latents of recorded rows, in their plane of largest variance, beside their positions.
void draw_latents(const Course& c, const TemporalMap& map) {
    const data::Dataset& d = c.pipeline.recorded();
    const PrincipalPlane plane = principal_plane(map.latent, map.width);
    Drawing drawing(640, 330);
    std::vector<XY> place[3], latent[3];
    XY low{HUGE_VAL, HUGE_VAL}, high{-HUGE_VAL, -HUGE_VAL};
    for (int64_t t = 0; t < d.rows; t += std::max<int64_t>(1, d.rows / 1500)) {
        const double x = d.state(t, 0);
        const size_t group = x > kDoorLeft && x < kDoorRight ? 2 : x > kMiddle;
        const auto [px, py] = plane.project(map.at(t));
        place[group].push_back({x, d.state(t, 1)});
        latent[group].push_back({px, py});
        low = {std::min(low.x, px), std::min(low.y, py)}, high = {std::max(high.x, px), std::max(high.y, py)};
    }
    const Panel world = drawing.world(c.world(), c.world().bounds, 10, 25, 300, "recorded rows: positions");
    const Panel space =
        drawing.axes(320, 5, 310, 300, low, high, "the same rows: latents", "first principal direction", "second");
    const char* colours[3] = {colour::blue, colour::orange, colour::green};
    for (size_t g = 0; g < 3; ++g)
        drawing.dots(world, place[g], colours[g], 1.3), drawing.dots(space, latent[g], colours[g], 1.3);
    drawing.legend({10, 322},
                   {{"left room", colour::blue}, {"right room", colour::orange}, {"in the door", colour::green}});
    c.save("2-latents", drawing);
}

}  // namespace

void chapter2(Course& c) {
    Pipeline& pipeline = c.pipeline;
    const TemporalMap& map = pipeline.map();
    const Distances distances(c, pipeline.tdr(), map);
    draw_maps(c, distances);
    draw_latents(c, map);

    // Two places of each pair are 3 units apart: through the door, and through the wall.
    const std::vector<double> before_door = {17.5, 4, 0, 0}, before_wall = {17.5, 14, 0, 0};
    const Distances::Result door = distances.from(before_door, {20.5, 4, 0, 0}),
                            wall = distances.from(before_wall, {20.5, 14, 0, 0});
    c.numbers["2/door_raw"] = door.steps[0];
    c.numbers["2/wall_raw"] = wall.steps[0];
    c.numbers["2/door_steps"] = door.calibrated[0];
    c.numbers["2/wall_steps"] = wall.calibrated[0];
    c.numbers["2/door_graph"] = door.graph[0];
    c.numbers["2/wall_graph"] = wall.graph[0];
    c.numbers["2/spearman_euclid"] = c.result("spearman_euclid");
    c.numbers["2/spearman_raw"] = c.result("spearman_raw");
    c.numbers["2/spearman_closed"] = c.result("spearman_closed");
    c.numbers["2/wall_auc_closed"] = c.result("wall_auc_closed");
    c.numbers["2/calibration_error_percent"] = 100 * c.result("calibration_error");

    // The same encoder with another expectile, and with another discount.
    auto variant = [&](double expectile, double gamma) {
        TdrConfig tdr = c.config().tdr;
        tdr.expectile = expectile;
        TemporalDistance encoder(c.context(), tdr, gamma, pipeline.train(), pipeline.seed());
        train(encoder);
        return build_temporal_maps(c.context(), encoder, pipeline.train(), pipeline.validation(), c.config()).train;
    };
    const double gamma = pipeline.gamma();
    const TemporalMap middle = variant(.5, gamma), short_sighted = variant(c.config().tdr.expectile, .9);
    const auto n = ssize(map.calibration.medians());
    Drawing drawing(640, 330);
    const Panel panel = drawing.axes(10, 5, 620, 300, {0, 0}, {double(n), 1.15 * double(n)},
                                     "Predicted steps of held-out rows that are n steps apart (median)",
                                     "n, steps of the recording", "predicted");
    std::vector<std::pair<std::string, std::string>> names;
    auto curve = [&](const TemporalMap& of, const char* name, const char* stroke) {
        std::vector<XY> points;
        for (int64_t g = 1; g <= n; ++g) points.push_back({double(g), nth(of.calibration.medians(), g - 1)});
        drawing.line(panel, points, stroke, 2);
        names.emplace_back(name, stroke);
    };
    drawing.line(panel, {{0, 0}, {double(n), double(n)}}, colour::grey, 1, "4,3");
    curve(map, "the run", colour::blue);
    curve(middle, "expectile .5", colour::red);
    curve(short_sighted, "discount .9", colour::violet);
    names.emplace_back("n", colour::grey);
    drawing.legend({10, 322}, names);
    c.save("2-calibration", drawing);
    c.numbers["2/offset"] = n;
    c.numbers["2/predicted"] = map.calibration.medians().back();
    c.numbers["2/predicted_expectile_half"] = middle.calibration.medians().back();
    c.numbers["2/predicted_gamma_point9"] = short_sighted.calibration.medians().back();
    c.numbers["2/predicted_half_way"] = nth(map.calibration.medians(), n / 2 - 1);
    c.numbers["2/predicted_half_way_gamma_point9"] = nth(short_sighted.calibration.medians(), n / 2 - 1);
    c.numbers["2/gamma"] = gamma;
    c.numbers["2/expectile"] = c.config().tdr.expectile;
    c.numbers["2/steps_of_distance_50"] = steps_from_distance(50, .99);
    c.numbers["2/distance_of_20_steps_gamma_point9"] = distance_from_steps(20, .9);
}

}  // namespace course
