// Chapter 7: the stitched data. Seams, acceptance, and three judges of the same bridges.
#include <algorithm>
#include <cmath>

#include "apps/run/output.h"
#include "astro/measure/metrics.h"
#include "data/dataset_load.h"
#include "data/replay.h"
#include "examples/course/course.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"

namespace course {

namespace {

std::vector<XY> path(const data::Dataset& rows, int64_t first, int64_t last) {
    std::vector<XY> points;
    for (int64_t t = first; t <= last; ++t) points.push_back({rows.state(t, 0), rows.state(t, 1)});
    return points;
}

// The rooms with recorded episodes, and a stitched trajectory from one room to the other that moves.
void draw_moving_chain(Course& c, const data::Dataset& recorded, const data::Dataset& stitched, int64_t episode) {
    Drawing drawing(640, 385);
    const Panel panel =
        drawing.world(c.world(), c.world().bounds, 10, 5, 620, "Recorded episodes, and a stitched one that crosses");
    for (int64_t e = 0; e < recorded.episodes(); e += 5)
        drawing.line(panel, path(recorded, nth(recorded.episode_start, e), recorded.episode_end(e)), "#b9c6d6", .8);
    const int64_t first = nth(stitched.episode_start, episode), last = stitched.episode_end(episode);
    std::vector<std::string> stroke;
    for (int64_t t = first; t < last; ++t) stroke.push_back(nth(stitched.is_synthetic, t) ? colour::red : colour::blue);
    drawing.moving(panel, path(stitched, first, last), stroke, .06);
    drawing.legend({10, 375}, {{"recorded", colour::blue}, {"generated bridge", colour::red}});
    c.save("7-moving", drawing);
}

// Stitched trajectories that lead from one room to the other; generated parts in red.
void draw_chains(Course& c, const data::Dataset& stitched) {
    Drawing drawing(640, 385);
    const Panel panel =
        drawing.world(c.world(), c.world().bounds, 10, 5, 620, "Stitched trajectories through the door");
    int64_t crossing = 0, shown = 0, farthest = 0;
    double most = 0;
    for (int64_t e = 0; e < stitched.episodes(); ++e) {
        const std::vector<XY> points = path(stitched, nth(stitched.episode_start, e), stitched.episode_end(e));
        const auto [left, right] =
            std::minmax_element(points.begin(), points.end(), [](XY a, XY b) { return a.x < b.x; });
        if (left->x >= kDoorLeft || right->x <= kDoorRight) continue;
        if (const double width = std::fabs(points.back().x - points[0].x); width > most) most = width, farthest = e;
        if (++crossing % 7 != 1 || ++shown > 8) continue;
        for (size_t i = 0; i + 1 < points.size(); ++i) {
            const bool generated = nth(stitched.is_synthetic, nth(stitched.episode_start, e) + static_cast<int64_t>(i));
            drawing.line(panel, {points[i], points[i + 1]}, generated ? colour::red : colour::blue,
                         generated ? 2.4 : 1);
        }
    }
    drawing.legend({10, 375}, {{"recorded", colour::blue}, {"generated bridge", colour::red}});
    c.save("7-chains", drawing);
    draw_moving_chain(c, c.pipeline.recorded(), stitched, farthest);
    c.numbers["7/trajectories"] = stitched.episodes();
    c.numbers["7/crossing_trajectories"] = crossing;
    c.numbers["7/crossing_percent"] = 100. * double(crossing) / double(stitched.episodes());
    c.numbers["7/rows"] = stitched.rows;
    c.numbers["7/generated_percent"] =
        100. * double(std::count(stitched.is_synthetic.begin(), stitched.is_synthetic.end(), 1)) /
        double(stitched.rows);
}

}  // namespace

void chapter7(Course& c) {
    Pipeline& p = c.pipeline;
    const data::Dataset stitched =
        data::load_dataset(c.runner.folder().file("augmented.npz"), &c.runner.threads(), data::Parts::all);
    draw_chains(c, stitched);

    // The augmentation once more, for the attempts, which are not stored. It is the same, bit for bit.
    const auto augmenter = augmenters::make_augmenter("augmented", p, 0);
    const data::Dataset again = augmenter->make(p.augmented_rows(), {});
    if (again.observations != stitched.observations)
        fail(ErrorKind::data, "the augmentation of the run is not reproduced; hint: run it again with this program");
    const std::vector<BridgeAttempt>& attempts = augmenter->attempts()->attempts;
    std::vector<double> errors;
    int64_t accepted = 0;
    for (const BridgeAttempt& a : attempts)
        errors.push_back(a.bridge.error), accepted += a.verdict == Verdict::accepted;
    const double threshold = c.config().augment.accept_threshold;
    c.numbers["7/attempts"] = ssize(attempts);
    c.numbers["7/yield_percent"] = 100. * double(accepted) / double(attempts.size());
    c.numbers["7/threshold"] = threshold;
    c.numbers["7/arrival_median"] = percentile(errors, 50);
    c.numbers["7/arrival_90"] = percentile(errors, 90);
    c.numbers["7/true_arrival_median"] = c.result("true_arrival_error_median");
    c.numbers["7/true_arrival_90"] = c.result("true_arrival_error_90");

    // Violation rates of bridges by tolerance.
    std::vector<double> kappas;
    for (int k = 1; k <= 20; ++k) kappas.push_back(.05 * k);
    const ExactStep exact = in_units(c.environment.exact_step, p.units());
    struct Curve {
        const char *key, *name, *stroke;
        std::vector<double> bridge;
    };
    auto rates = [&](const TransitionErrors& of) { return count_violations(of, kappas).bridge; };
    auto with_seam = [&](Seam seam) { return transition_errors(attempts, seam, p.statistics(), exact); };
    const std::vector<Curve> curves = {
        {"attempts", "all attempts, exact", colour::grey, rates(with_seam(Seam::snap))},
        {"snap", "accepted, exact", colour::blue, rates(of_accepted(attempts, with_seam(Seam::snap)))},
        {"smear", "as stored, exact", colour::green, rates(of_accepted(attempts, with_seam(Seam::smear)))},
        {"open", "open seam, exact", colour::violet, rates(of_accepted(attempts, with_seam(Seam::open)))},
        {"model", "accepted, by the model", colour::red,
         rates(of_accepted(attempts, model_transition_errors(c.context(), attempts, p.statistics(), p.dynamics(0))))}};
    Drawing drawing(640, 350);
    const Panel panel =
        drawing.axes(10, 5, 620, 300, {0, 0}, {1, 100}, "Bridges with any step that violates the dynamics",
                     "tolerance, sigma_delta", "violating bridges, %");
    for (const Curve& curve : curves) {
        std::vector<XY> points;
        for (size_t k = 0; k < kappas.size(); ++k) points.push_back({kappas[k], 100 * curve.bridge[k]});
        drawing.line(panel, points, curve.stroke, 2, std::string(curve.key) == "open" ? "5,4" : "");
        c.numbers[std::string("7/violating_percent_") + curve.key + "_0.1"] = 100 * curve.bridge[1];
        c.numbers[std::string("7/violating_percent_") + curve.key + "_0.5"] = 100 * curve.bridge[9];
    }
    std::vector<XY> ensemble;  // the run judges at a few tolerances
    for (double kappa : c.config().metrics.tolerances)
        if (kappa <= 1) ensemble.push_back({kappa, 100 * c.result(app::at_tolerance("dvr_bridge_ensemble", kappa))});
    drawing.dots(panel, ensemble, colour::black, 3.5);
    drawing.legend(
        {10, 325},
        {{curves[0].name, curves[0].stroke}, {curves[1].name, curves[1].stroke}, {curves[2].name, curves[2].stroke}});
    drawing.legend({10, 343}, {{curves[3].name, curves[3].stroke},
                               {curves[4].name, curves[4].stroke},
                               {"as stored, by the ensemble (dots)", colour::black}});
    c.save("7-judges", drawing);
    c.numbers["7/violating_percent_ensemble_0.5"] = 100 * c.result("dvr_bridge_ensemble_0.5");
    c.numbers["7/violating_percent_ensemble_floor_0.5"] = 100 * c.result("dvr_real_window_ensemble_0.5");
    c.numbers["7/violating_percent_ensemble_0.1"] = 100 * c.result("dvr_bridge_ensemble_0.1");
    c.numbers["7/violating_percent_ensemble_floor_0.1"] = 100 * c.result("dvr_real_window_ensemble_0.1");
    c.numbers["7/violating_percent_real_0.5"] = 100 * c.result("dvr_real_0.5");

    // Arrival errors: by the model, and of the exact cart.
    std::vector<double> driven;
    for (const BridgeAttempt& a : attempts) {
        const std::vector<double> path = c.drive(a.source_state, a.bridge.actions);
        driven.push_back(c.apart(c.inward({path.end() - 4, path.end()}).data(), a.target_state.data()));
    }
    std::vector<double> edges, by_model(20), by_cart(20);
    for (int i = 0; i <= 20; ++i) edges.push_back(.05 * i);
    for (size_t i = 0; i < attempts.size(); ++i) {
        auto add = [&](std::vector<double>& to, double e) {
            to[std::min<size_t>(19, size_t(e / .05))] += 100. / double(attempts.size());
        };
        add(by_model, errors[i]), add(by_cart, driven[i]);
    }
    Drawing bars(640, 330);
    const double most = std::max(*std::max_element(by_model.begin(), by_model.end()),
                                 *std::max_element(by_cart.begin(), by_cart.end()));
    const Panel view = bars.axes(10, 5, 620, 300, {0, 0}, {1, 1.05 * most},
                                 "Arrival errors of all attempts; the last bar holds all above .95",
                                 "arrival error, sigma_delta", "attempts, %");
    bars.bars(view, edges, by_model, colour::red);
    bars.bars(view, edges, by_cart, colour::blue);
    bars.line(view, {{threshold, 0}, {threshold, 1.05 * most}}, colour::black, 1.2, "4,3");
    bars.legend({10, 322}, {{"predicted by the model", colour::red},
                            {"driven by the exact cart", colour::blue},
                            {"threshold of acceptance", colour::black}});
    c.save("7-arrival", bars);
    int64_t wrongly = 0;
    for (size_t i = 0; i < attempts.size(); ++i)
        wrongly += attempts[i].verdict == Verdict::accepted && driven[i] > threshold;
    c.numbers["7/accepted_but_missing_percent"] = accepted ? 100. * double(wrongly) / double(accepted) : 0;
    c.numbers["7/worst_smear"] = threshold / double(c.config().planner.gap + 1);
}

}  // namespace course
