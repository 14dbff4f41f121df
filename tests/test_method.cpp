// The method on a small maze data set: map, selection, dynamics, planner, metrics, fingerprints; gradients of losses.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "astro/dynamics_transformer.h"
#include "astro/measure/metrics.h"
#include "data/checkpoint.h"
#include "tensor/check/gradcheck.h"
#include "tests/small_pipeline.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;

namespace {

Tensor random_tensor(Backend& backend, const Shape& shape, Rng& rng) {
    std::vector<double> values(size_t(shape.numel()));
    for (double& v : values) v = rng.uniform(-1, 1);
    return Tensor::from(backend, shape, values);
}

}  // namespace

TEST_CASE("steps from distance: the exact inverse of the discounted distance, and saturation") {
    for (double gamma : {.99, .995, .998})
        for (double n : {1.0, 8.0, 16.0, 64.0, 256.0}) {
            const double d = (1 - std::pow(gamma, n)) / (1 - gamma);
            CHECK(steps_from_distance(d, gamma) == doctest::Approx(n).epsilon(1e-6));
            CHECK(distance_from_steps(n, gamma) == doctest::Approx(d));
        }
    CHECK(steps_from_distance(7.5, 1) == 7.5);
    CHECK(distance_from_steps(7.5, 1) == 7.5);
    CHECK(steps_from_distance(1e6, .99) == doctest::Approx(std::log(1e-3) / std::log(.99)));
}

TEST_CASE("losses: gradients of dynamics and planner in f64") {
    auto backend = make_cpu_backend();
    Rng rng(2);
    const Tensor sigma = Tensor::from(*backend, {2}, std::vector<double>{.5, 2}),
                 scales = random_tensor(*backend, {3, 2}, rng) + 2.0;
    const Tensor truth = random_tensor(*backend, {4, 3, 2}, rng), actions = random_tensor(*backend, {4, 3, 2}, rng);
    const Tensor weight = random_tensor(*backend, {4}, rng);
    GradCheck check = gradcheck(
        [&](const std::vector<Tensor>& x) {
            return dynamics_loss({0, 0, 4, 4}, x[0], truth, sigma, scales);
        },
        {random_tensor(*backend, {4, 3, 2}, rng)}, Rng(3));
    CHECK_MESSAGE(check.ok, check.message);
    check = gradcheck(
        [&](const std::vector<Tensor>& x) {
            return planner_loss({0, 0, 4, 4}, x[0], actions, x[1], weight);
        },
        {random_tensor(*backend, {4, 3, 2}, rng), random_tensor(*backend, {4, 1, 2}, rng)}, Rng(4));
    CHECK_MESSAGE(check.ok, check.message);
    // Values by hand, for one window, one step and one dimension.
    auto one = [&](double v) { return Tensor::from(*backend, {1, 1, 1}, std::vector<double>{v}); };
    const Tensor unit = Tensor::from(*backend, {1}, std::vector<double>{.5}),
                 scale = Tensor::from(*backend, {1, 1}, std::vector<double>{2});
    CHECK(dynamics_loss({0, 0, 1, 1}, one(3), one(1), unit, scale).item() ==
          doctest::Approx(std::pow((3 * .5 - 1) / 2, 2)));
    CHECK(planner_loss({0, 0, 1, 1}, one(3), one(1), one(4), Tensor::from(*backend, {1}, std::vector<double>{.25}))
              .item() == doctest::Approx(4 + .25 * 16));
}

TEST_CASE("trajectories: jumps end segments; statistics by hand; the validation split") {
    data::Dataset d;
    d.rows = 400, d.state_dim = 1, d.action_dim = 1;
    for (int64_t t = 0; t < d.rows; ++t) {
        d.observations.push_back(float(t % 200) + (t % 200 >= 120 ? 500.0f : 0.0f));
        d.actions.push_back(0);
        d.terminals.push_back(t % 200 == 199);
    }
    data::index_episodes(d);
    const Trajectories cut = cut_at_jumps(d, 5);
    CHECK(cut.first == std::vector<int64_t>{0, 120, 200, 320, 400});
    const Statistics s = measure(cut, 3, 1e-3);
    CHECK(s.sigma_delta[0] == doctest::Approx(1e-3));  // all steps are equal: the lower bound
    // A slow column is judged by its own changes, one that does not change within episodes by its values.
    for (int64_t t = 0; t < d.rows; ++t) d.observations[size_t(t)] = t % 2 ? 1e-5f : 0;
    CHECK(measure(cut, 3, 1e-3).sigma_delta[0] == doctest::Approx(1e-5).epsilon(.01));
    for (int64_t t = 0; t < d.rows; ++t) d.observations[size_t(t)] = t < 200 ? -1.0f : 1.0f;
    CHECK(measure(cut, 3, 1e-3).sigma_delta[0] == 1e-3);
    for (int64_t t = 0; t < d.rows; ++t) d.observations[size_t(t)] = float(t % 200) + (t % 200 >= 120 ? 500.0f : 0.0f);
    d.qvel_dim = 2, d.qvel.assign(800, 0.5f), d.is_synthetic.assign(400, 0);
    const Split split = split_validation(d, .05);
    CHECK(split.validation.rows == 200);
    CHECK(split.validation.observations[0] == 0);
    const data::Dataset first = take_episodes(d, 0, 1);
    CHECK(split.train.rows == 200);
    CHECK(split.train.observations == first.observations);
    CHECK(split.train.actions == first.actions);
    CHECK(split.train.terminals == first.terminals);
    CHECK(split.train.qvel == first.qvel);
    CHECK((split.train.qpos.empty() && split.train.is_synthetic.empty()));
    CHECK(split.train.episode_start == first.episode_start);
    CHECK(split.train.episode_of == first.episode_of);
}

TEST_CASE("map: the calibration is invertible, arrivals are in their segments, graph distances follow the edges") {
    const TemporalMap& map = small().pipeline->map();
    for (double steps : {.5, 1.0, 3.3, 17.0, 40.0, 100.0})
        CHECK(map.calibration.steps(map.calibration.predicted(steps)) == doctest::Approx(steps));
    for (int64_t k = 0; k < map.data->count(); ++k) {
        CHECK(map.arrival[size_t(k)] >= map.data->begin(k));
        CHECK(map.arrival[size_t(k)] <= map.data->last(k));
    }
    const CalibrationCurve curve = calibration_curve(map);
    REQUIRE(curve.steps.size() >= 3);
    CHECK(curve.steps.size() <= 20);
    for (size_t i = 0; i < curve.steps.size(); ++i) {
        std::vector<double> predicted;  // of all pairs so many steps apart
        for (int64_t k = 0; k < map.data->count(); ++k)
            for (int64_t t = map.data->begin(k); t + curve.steps[i] <= map.arrival[size_t(k)]; ++t)
                predicted.push_back(map.steps(t, t + curve.steps[i]));
        std::sort(predicted.begin(), predicted.end());
        CHECK(curve.predicted[i] == predicted[(predicted.size() - 1) / 2]);
        CHECK(curve.median[i] == map.calibration.steps(curve.predicted[i]));
        CHECK(curve.lower[i] == map.calibration.steps(predicted[(predicted.size() - 1) / 4]));
        CHECK(curve.higher[i] >= curve.median[i]);
    }
    const int64_t n = map.landmarks();
    for (int64_t i = 0; i < n; i += 7)
        for (int64_t j = 0; j < n; j += 5) {
            const float direct = map.closed[size_t(i * n + j)];
            CHECK(direct == doctest::Approx(map.closed[size_t(j * n + i)]).epsilon(1e-4));
            const double steps = map.steps(map.landmark[size_t(i)], map.landmark[size_t(j)]);
            if (i != j && steps <= small().config.graph.edge) CHECK(double(direct) <= steps + 1e-3);
            for (int64_t via = 0; via < n; via += 11)
                CHECK(direct <= map.closed[size_t(i * n + via)] + map.closed[size_t(via * n + j)] + 1e-3f);
        }
    for (int64_t row = 0; row < map.data->dataset->rows; row += 97) {
        const int64_t own = map.landmark_of[size_t(row)];
        for (int64_t i = 0; i < n; ++i)
            CHECK(latent_distance(map.at(row), map.at(map.landmark[size_t(own)]), map.width) <=
                  latent_distance(map.at(row), map.at(map.landmark[size_t(i)]), map.width));
        CHECK(map.graph_distance(map.at(row), own, map.at(0), map.landmark_of[0]) ==
              map.graph_distance(row, int64_t{0}));
    }
}

TEST_CASE("map: landmarks without an edge are dropped, unless none has one") {
    Small& s = small();
    Config config = s.config;
    const int64_t all = s.pipeline->map().landmarks();
    auto map_with_edges_up_to = [&](double steps) {
        config.graph.edge = steps;
        return build_temporal_maps(s.pipeline->context(), s.pipeline->tdr(), s.pipeline->train(),
                                   s.pipeline->validation(), config)
            .train;
    };
    double edge = config.graph.edge;
    TemporalMap map = s.pipeline->map();
    while (map.landmarks() == all && edge > .01) map = map_with_edges_up_to(edge *= .9);
    REQUIRE(map.landmarks() < all);
    REQUIRE(map.landmarks() > 1);
    for (int64_t i = 0; i < map.landmarks(); ++i) {
        int64_t edges = 0;
        for (int64_t j = 0; j < map.landmarks(); ++j)
            edges += i != j && map.steps(map.landmark[size_t(i)], map.landmark[size_t(j)]) <= edge;
        CHECK(edges > 0);
    }
    for (int32_t landmark : map.landmark_of) CHECK(landmark < map.landmarks());
    CHECK(map_with_edges_up_to(1e-6).landmarks() == all);
}

TEST_CASE("selection: the index finds the same targets as brute force, and all fulfil the conditions") {
    Pipeline& pipeline = *small().pipeline;
    const TemporalMap& map = pipeline.map();
    for (Selector selector : {Selector::tdr, Selector::euclid, Selector::random}) {
        SelectionConfig config = small().config.selection;
        config.selector = selector;
        config.candidates = 1000000;
        const TargetIndex index(small().pool, config, map, pipeline.statistics(), 9, 8, 1);
        auto visited = [](int64_t segment) { return segment == 3; };
        int64_t total = 0;
        for (int64_t row : {60, 5000, 12345, 20000}) {
            std::vector<int64_t> found = index.candidates(row, visited, Rng(1)), all = index.all_targets(row, visited);
            std::sort(found.begin(), found.end());
            std::sort(all.begin(), all.end());
            CHECK(found == all);
            total += int64_t(all.size());
            for (int64_t target : all) {
                CHECK(index.eligible(target));
                CHECK(map.data->segment(target) != map.data->segment(row));
                CHECK(map.data->segment(target) != 3);
                if (selector == Selector::tdr) {
                    const double steps = map.calibration.steps(map.steps(row, target));
                    CHECK(steps <= 9.001);
                    CHECK(steps >= (1 - config.delta_threshold) * 9 - .001);
                }
            }
        }
        CHECK(total > 0);
        config.candidates = 5;
        const TargetIndex few(small().pool, config, map, pipeline.statistics(), 9, 8, 1);
        CHECK(few.candidates(5000, visited, Rng(2)).size() <= 5);
        // Candidates are uniform: all targets are equally likely as the first one and among the five.
        const std::vector<int64_t> all = few.all_targets(5000, visited);
        if (all.empty()) continue;
        std::map<int64_t, double> first, drawn;
        const int64_t draws = 40 * int64_t(all.size());
        for (int64_t k = 0; k < draws; ++k) {
            const std::vector<int64_t> found = few.candidates(5000, visited, Rng(uint64_t(k)));
            CHECK(found.size() == std::min<size_t>(5, all.size()));
            ++first[found[0]];
            for (int64_t target : found) ++drawn[target];
        }
        auto chi_square = [&](std::map<int64_t, double>& counts) {  // divided by the degrees of freedom: about 1
            double sum = 0, all_drawn = 0;
            for (const auto& entry : counts) all_drawn += entry.second;
            const double each = all_drawn / double(all.size());
            for (int64_t target : all) sum += (counts[target] - each) * (counts[target] - each) / each;
            return sum / double(all.size());
        };
        const double spread = 6 * std::sqrt(2.0 / double(all.size()));
        CHECK(std::fabs(chi_square(first) - 1) < spread);
        CHECK(chi_square(drawn) < 1 + spread);
    }
}

TEST_CASE("dynamics: later actions do not change earlier states; the error is far below that of a constant state") {
    Small& s = small();
    Dynamics& model = s.pipeline->dynamics(0);
    Rng rng(8);
    const Tensor s0 = random_tensor(*s.backend, {3, 2}, rng).cast(DType::f32);
    Tensor actions = random_tensor(*s.backend, {3, 9, 2}, rng).cast(DType::f32);
    const std::vector<float> before = model.rollout(s0, actions, 1).to_vector<float>();
    actions = actions.clone();
    actions.data<float>()[4 * 2] += 0.5f;  // action 4 of the first window
    const std::vector<float> after = model.rollout(s0, actions, 1).to_vector<float>();
    for (size_t i = 0; i < 8; ++i) CHECK(before[i] == after[i]);
    CHECK(before[8] != after[8]);
    const OpenLoopError e =
        model.open_loop_error(s.pipeline->validation(), s.pipeline->validation_map().arrival, {1, 9}, 200);
    CHECK(e.one_pass[0] < .5 * e.persistence[0]);
    CHECK(e.one_pass[1] < .2 * e.persistence[1]);
}

TEST_CASE("planner: guidance reduces the arrival error; a bridge does not depend on the others in its batch") {
    Small& s = small();
    Planner& planner = s.pipeline->planner();
    const auto ends =
        planner.window_ends(s.pipeline->validation(), s.pipeline->tdr(), s.pipeline->validation_map().arrival, 40);
    REQUIRE(ends.size() >= 17);
    std::vector<Rng> streams;
    for (size_t i = 0; i < ends.size(); ++i) streams.push_back(Rng(4).stream(i));
    const auto together = planner.sample(ends, s.config.planner.gap, 2, streams);
    for (size_t i : {size_t(0), size_t(16)}) {
        const auto alone = planner.sample({ends[i]}, s.config.planner.gap, 2, {streams[i]});
        CHECK(alone[0][0].actions == together[i][0].actions);
        CHECK(alone[0][0].error == together[i][0].error);
        CHECK(alone[0][0].error <= alone[0][1].error);
        for (float a : alone[0][0].actions) CHECK(std::fabs(a) <= 1.0f);
    }
    // With several ensemble members, the long rollout is computed for the two best candidates only. Using the same
    // member twice must change nothing else.
    Planner twice(s.pipeline->context(), s.config.planner, s.pipeline->map(), s.pipeline->statistics(),
                  {&s.pipeline->dynamics(0), &s.pipeline->dynamics(0)}, s.config.dynamics, s.pipeline->seed());
    Small::train(twice);
    const auto four = planner.sample(ends, s.config.planner.gap, 4, streams),
               best = twice.sample(ends, s.config.planner.gap, 4, streams);
    for (size_t i = 0; i < ends.size(); ++i) {
        REQUIRE(four[i].size() == 4);
        REQUIRE(best[i].size() == 2);
        for (size_t c = 0; c < 2; ++c) {
            CHECK(best[i][c].actions == four[i][c].actions);
            CHECK(best[i][c].states == four[i][c].states);
            CHECK(best[i][c].error == four[i][c].error);
            CHECK(best[i][c].disagreement == 0);
        }
    }
    PlannerConfig plain = s.config.planner;
    plain.sampling.final_guidance_steps = 0;
    Planner unguided(s.pipeline->context(), plain, s.pipeline->map(), s.pipeline->statistics(),
                     {&s.pipeline->dynamics(0)}, s.config.dynamics, s.pipeline->seed());
    Small::train(unguided);  // the same training, because guidance only affects sampling
    const auto without = unguided.sample(ends, plain.gap, 2, streams);
    double guided = 0, free = 0;
    for (size_t i = 0; i < ends.size(); ++i) guided += together[i][0].error, free += without[i][0].error;
    CHECK(guided < .7 * free);
    // On its way from noise, seen from outside: the last plan is that of sampling. What is left out changes the plan,
    // but not the noise.
    std::vector<Rng> own;
    for (const Rng& stream : streams) own.push_back(stream.stream(0));
    const auto one = planner.sample(ends, plain.gap, 1, streams),
               one_unguided = unguided.sample(ends, plain.gap, 1, streams);
    const auto seen = planner.watch(ends, plain.gap, own, true, true),
               blind = planner.watch(ends, plain.gap, own, false, true),
               loose = planner.watch(ends, plain.gap, own, true, false);
    CHECK(ssize(seen) == plain.denoising_steps + 2);
    CHECK(ssize(planner.denoising_levels()) == plain.denoising_steps + 1);
    for (size_t i = 0; i < ends.size(); ++i) {
        CHECK(seen.back()[i].actions == one[i][0].actions);
        CHECK(seen.back()[i].error == one[i][0].error);
        CHECK(loose.back()[i].actions == one_unguided[i][0].actions);
        CHECK(seen.front()[i].actions == blind.front()[i].actions);
        CHECK(seen.front()[i].actions != seen.back()[i].actions);
        CHECK(seen.back()[i].actions != blind.back()[i].actions);
    }
    CHECK(planner.unknown(8) == 9);
    CHECK(planner.deviation_states(8) == 1);
}

namespace {

// The medium maze, of whose real transitions only some are replayed.
class Sampled : public data::Environment {
  public:
    Sampled(const data::Environment& whole, int64_t most) : whole_(whole) {
        spec_ = whole.spec();
        spec_.replay_rows = most;
        exact_step = whole.exact_step;
    }
    data::Episode task(int64_t number) const override { return whole_.task(number); }
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                             uint64_t seed) const override {
        return whole_.draw_episodes(tasks, each, protocol, seed);
    }
    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>& episodes, uint64_t seed) const override {
        return whole_.reset(episodes, seed);
    }

  private:
    const data::Environment& whole_;
};

}  // namespace

TEST_CASE("metrics: Spearman; violations of exact transitions and of transitions with wrong actions") {
    CHECK(spearman({1, 2, 3, 4}, {10, 20, 30, 40}) == doctest::Approx(1));
    CHECK(spearman({1, 2, 3, 4}, {4, 3, 2, 1}) == doctest::Approx(-1));
    CHECK(spearman({1, 1, 2, 2}, {1, 2, 1, 2}) == doctest::Approx(0));
    Small& s = small();
    const data::Environment& environment = *data::find_environment("pointmaze-medium-v0");
    const ExactStep exact = in_units(environment.exact_step, s.pipeline->units());
    const ViolationRates real = real_violation_rates(s.pipeline->train(), s.pipeline->recorded(), s.pipeline->units(),
                                                     s.pipeline->statistics(), {.1, .5}, environment);
    CHECK(real.transition == std::vector<double>{0, 0});
    data::Dataset other = s.pipeline->recorded();
    for (float& action : other.actions) action = -action;
    CHECK(real_violation_rates(s.pipeline->train(), other, s.pipeline->units(), s.pipeline->statistics(), {.5},
                               environment)
              .transition[0] > .4);
    // At most so many of them, evenly spread.
    const ViolationRates some =
        real_violation_rates(s.pipeline->train(), other, s.pipeline->units(), s.pipeline->statistics(), {.5},
                             Sampled(environment, real.transitions / 3));
    CHECK(some.transitions > .8 * double(real.transitions) / 4);
    CHECK(some.transitions <= real.transitions / 3);
    CHECK(some.transition[0] > .4);
    const TransitionErrors errors = transition_errors(s.made.attempts, Seam::snap, s.pipeline->statistics(), exact);
    const ViolationRates snap = count_violations(of_accepted(s.made.attempts, errors), {.1, .5, 5});
    CHECK(snap.bridge[0] >= snap.bridge[1]);
    CHECK(snap.bridge[1] >= snap.bridge[2]);
    CHECK(snap.transition[1] <= snap.bridge[1]);
}

TEST_CASE(
    "fingerprints: of a stage by its settings and those of earlier stages, of a policy by its settings and data") {
    const Small& s = small();
    auto pipeline_with = [&](auto change) {
        Config config = s.config;
        change(config);
        maze::CollectSpec spec;
        spec.episodes = 5, spec.seed = 5;
        ThreadPool pool(1);
        return Pipeline(Context{*s.backend, pool, 8}, config,
                        maze::collect(maze::layout("medium"), spec, "train", pool), std::nullopt,
                        "pointmaze-medium-v0");
    };
    Pipeline plain = pipeline_with([](Config&) {});
    Pipeline planner = pipeline_with([](Config& c) { c.planner.network.updates = 7; });
    Pipeline iql = pipeline_with([](Config& c) { c.iql.expectile = .6, c.policy.learner = "iql"; });
    CHECK(plain.fingerprint("tdr") == planner.fingerprint("tdr"));
    CHECK(plain.fingerprint("planner") != planner.fingerprint("planner"));
    CHECK(plain.fingerprint("augment") != planner.fingerprint("augment"));
    CHECK(plain.fingerprint("augment") == iql.fingerprint("augment"));
    CHECK(plain.policy_fingerprint("gcbc", nullptr) == iql.policy_fingerprint("gcbc", nullptr));
    CHECK(plain.policy_fingerprint("iql", nullptr) != iql.policy_fingerprint("iql", nullptr));
    data::Dataset other = plain.train_data();
    const std::string before = plain.policy_fingerprint("gcbc", &other);
    CHECK(before != plain.policy_fingerprint("gcbc", nullptr));
    CHECK(before == planner.policy_fingerprint("gcbc", &other));  // however the data were made
    other.actions[3] += .5f;
    CHECK(before != plain.policy_fingerprint("gcbc", &other));
}
