// Measurements without a simulator, compared with independent references: systems whose exact answer is known, planted
// violations, counts by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "astro/measure/coverage.h"
#include "astro/measure/cross_pairs.h"
#include "astro/measure/joins.h"
#include "astro/measure/judges.h"
#include "astro/measure/open_loop.h"
#include "astro/measure/principal_plane.h"
#include "data/file.h"
#include "data/replay.h"
#include "tests/boats.h"
#include "tests/small_pipeline.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;

namespace {

// Episodes of x' = x + .2 u + noise, in the units of the file.
data::Dataset noisy_boats(int64_t episodes, double noise, uint64_t seed) {
    const Boats b = boats(std::vector<int64_t>(size_t(episodes), 81), 2, seed);
    data::Dataset d;
    d.rows = b.rows, d.state_dim = d.action_dim = 2;
    d.observations = b.observations, d.actions = b.actions, d.terminals = b.ends;
    data::index_episodes(d);
    Rng rng = Rng(seed).stream("noise");
    for (int64_t e = 0; e < d.episodes(); ++e) {
        double drift[2] = {};
        for (int64_t t = d.episode_start[size_t(e)] + 1; t <= d.episode_end(e); ++t)
            for (int64_t i = 0; i < 2; ++i) {
                drift[i] += noise * rng.normal();
                d.observations[size_t(t * 2 + i)] += float(drift[i]);
            }
    }
    return d;
}

Trajectories whole(const data::Dataset& d) { return cut_at_jumps(d, 1e9); }

// Judges without hidden layers that know the boats exactly, up to a constant of each member in sigma_delta.
Judges exact_judges(Backend& backend, const std::vector<double>& biases) {
    Judges judges;
    judges.units.states = judges.units.actions = {{0, 0}, {1, 1}, {0, 1}};
    judges.sigma_delta = {.1, .05};
    for (double bias : biases) {
        nn::Mlp net;
        net.spec.in = 4, net.spec.out = 2;
        const std::vector<float> weight = {0, 0, 0, 0, float(.2 / .1), 0, 0, float(.2 / .05)};  // [s | a] to change
        net.layers.push_back({Tensor::from(backend, Shape{4, 2}, weight),
                              Tensor::from(backend, Shape{2}, std::vector<float>(2, float(bias)))});
        judges.members.push_back(net);
    }
    judges.held_out = noisy_boats(4, 0, 9);
    judges.known = judges.held_out.observations;
    return judges;
}

// Four rows of real travel, a bridge of three transitions to another episode's row 20, real rows again.
data::RecordedData small_stitched(const data::Dataset& source) {
    data::Dataset d;
    d.state_dim = d.action_dim = 2;
    auto put = [&](int64_t source_row, int64_t bridge, int64_t target, const float* state, const float* action) {
        d.observations.insert(d.observations.end(), state, state + 2);
        d.actions.insert(d.actions.end(), action, action + 2);
        d.terminals.push_back(0);
        d.is_synthetic.push_back(bridge >= 0), d.bridge.push_back(bridge);
        d.source_row.push_back(source_row), d.target_row.push_back(target), d.arrival_error.push_back(0);
        ++d.rows;
    };
    for (int64_t t : {3, 4, 5, 6}) put(t, -1, -1, source.observation(t), source.action(t));
    float state[2] = {source.observation(7)[0], source.observation(7)[1]};
    const float action[2] = {.5f, -.25f};
    for (int64_t j = 0; j < 3; ++j) {
        put(7, 12, 101, state, action);
        state[0] += .2f * action[0], state[1] += .2f * action[1];
    }
    for (int64_t t : {101, 102}) put(t, -1, -1, source.observation(t), source.action(t));
    d.terminals.back() = 1;
    data::index_episodes(d);
    return {d, d};
}

}  // namespace

TEST_CASE("principal plane: eigenvalues in closed form, an exact decomposition, and a line in five dimensions") {
    // [[a b] [b d]]: (a + d) / 2 +- sqrt(((a - d) / 2)^2 + b^2).
    for (const auto& [a, b, d] : {std::tuple{4.0, 1.5, 2.0}, std::tuple{1.0, -3.0, 1.0}, std::tuple{2.0, 0.0, 5.0}}) {
        const EigenDecomposition eigen = eigen_symmetric({a, b, b, d}, 2);
        const double middle = (a + d) / 2, away = std::sqrt((a - d) / 2 * (a - d) / 2 + b * b);
        CHECK(eigen.values[0] == doctest::Approx(middle + away).epsilon(1e-12));
        CHECK(eigen.values[1] == doctest::Approx(middle - away).epsilon(1e-12));
    }
    // A random symmetric matrix: A v = lambda v, orthonormal, in order, and the trace.
    constexpr int64_t n = 12;
    Rng rng(3);
    std::vector<double> matrix(n * n);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j <= i; ++j) matrix[size_t(i * n + j)] = matrix[size_t(j * n + i)] = rng.normal();
    const EigenDecomposition eigen = eigen_symmetric(matrix, n);
    double trace = 0, sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        trace += matrix[size_t(i * n + i)], sum += eigen.values[size_t(i)];
        if (i > 0) CHECK(eigen.values[size_t(i)] <= eigen.values[size_t(i - 1)]);
        for (int64_t k = 0; k < n; ++k) {
            double av = 0, dot = 0;
            for (int64_t j = 0; j < n; ++j) {
                av += matrix[size_t(k * n + j)] * eigen.vectors[size_t(i * n + j)];
                dot += eigen.vectors[size_t(i * n + j)] * eigen.vectors[size_t(k * n + j)];
            }
            CHECK(std::fabs(av - eigen.values[size_t(i)] * eigen.vectors[size_t(i * n + k)]) < 1e-10);
            CHECK(std::fabs(dot - (i == k)) < 1e-12);
        }
    }
    CHECK(trace == doctest::Approx(sum));
    // Points on a line along (1, -2, 0, 2, 4) / 5, about (7, 7, 7, 7, 7).
    const double direction[5] = {.2, -.4, 0, .4, .8};
    std::vector<float> rows;
    for (int64_t t = -10; t <= 10; ++t)
        for (double x : direction) rows.push_back(float(7 + double(t) * x));
    const PrincipalPlane plane = principal_plane(rows, 5);
    for (size_t i = 0; i < 5; ++i) CHECK(plane.x[i] == doctest::Approx(direction[i]).epsilon(1e-6));
    CHECK(plane.share_x == doctest::Approx(1));
    CHECK(plane.project(rows.data()).first == doctest::Approx(-10).epsilon(1e-5));
    CHECK(std::fabs(plane.project(rows.data()).second) < 1e-5);
    CHECK(principal_plane({1, 2, 3}, 1).share_y == 0);
    CHECK(principal_plane({4, 4, 4, 4}, 2).share_x == 0);  // nothing varies
}

TEST_CASE("one step: the error on held-out rows is that of the exact answer, step after step") {
    // x' = x + .2 u + noise: no predictor is better than x + .2 u, whose error after h steps is sqrt(h) times the
    // noise.
    constexpr double noise = .02;
    const auto backend = make_cpu_backend();
    ThreadPool pool(2);
    const Context context{*backend, pool, 8};
    const data::Dataset train = noisy_boats(60, noise, 1), held_out = noisy_boats(20, noise, 2);
    const data::Units units = data::measure_units(train, "boats");
    const data::RecordedData rows = data::convert(units, train, "boats"),
                             other = data::convert(units, held_out, "boats");
    const Trajectories trajectories = whole(rows.data), validation = whole(other.data);
    const Statistics statistics = measure(trajectories, 9, 1e-9);
    OneStepConfig config;
    config.members = 2, config.width = 64;
    OneStepModels models(context, config, 600, trajectories, statistics, 5);
    for (int64_t k = 0; k < models.updates(); ++k) models.update(k);

    std::vector<int64_t> arrival;
    for (int64_t k = 0; k < validation.count(); ++k) arrival.push_back(validation.last(k));
    const std::vector<int64_t> starts = open_loop_windows(validation, arrival, 9, 500);
    REQUIRE(starts.size() == 500);
    auto rmse = [&](const OpenLoopPrediction& predict) {
        return open_loop_rmse(context, validation, starts, 9, statistics.sigma_delta, predict);
    };
    const std::vector<double> still = rmse(persistence);
    double noise_square = 0, moved_square = 0;  // in sigma_delta, over the two dimensions
    for (size_t i = 0; i < 2; ++i)
        noise_square += std::pow(noise / units.states.scale[i] / statistics.sigma_delta[i], 2) / 2;
    for (int64_t start : starts)
        for (size_t i = 0; i < 2; ++i)
            moved_square +=
                std::pow((double(other.data.observation(start + 1)[i]) - double(other.data.observation(start)[i])) /
                             statistics.sigma_delta[i],
                         2) /
                1000;
    CHECK(still[0] == doctest::Approx(std::sqrt(moved_square)));
    for (const nn::Mlp& member : models.members()) {
        const std::vector<double> error = rmse(one_step_rollout(*backend, member, statistics.sigma_delta));
        for (size_t h : {size_t(1), size_t(4), size_t(9)}) {
            CAPTURE(h);
            const double exact = std::sqrt(noise_square * double(h));
            CHECK(error[h - 1] > .9 * exact);
            CHECK(error[h - 1] < 1.25 * exact);
            CHECK(error[h - 1] < .5 * still[h - 1]);
        }
    }
    CHECK(models.members()[0].layers[0].weight.to_vector<float>() !=
          models.members()[1].layers[0].weight.to_vector<float>());
    CHECK(std::isnan(open_loop_rmse(context, validation, {}, 9, statistics.sigma_delta, persistence)[0]));

    // The same bits with another number of threads.
    ThreadPool one(1);
    OneStepModels again({*backend, one, 8}, config, 600, trajectories, statistics, 5);
    for (int64_t k = 0; k < 40; ++k) again.update(k);
    OneStepModels more({*backend, pool, 8}, config, 600, trajectories, statistics, 5);
    for (int64_t k = 0; k < 40; ++k) more.update(k);
    CHECK(again.members()[1].layers[1].weight.to_vector<float>() ==
          more.members()[1].layers[1].weight.to_vector<float>());
}

TEST_CASE("open loop: models that are far worse than most are named, also those without a finite error") {
    CHECK(far_worse({1.6, 1.7, 3.5}) == std::vector<int64_t>{2});
    CHECK(far_worse({3.5, 1.7, 1.6}) == std::vector<int64_t>{0});
    CHECK(far_worse({1, 1.4}).empty());
    CHECK(far_worse({1.6, 1}) == std::vector<int64_t>{0});
    CHECK(far_worse({1, std::nan(""), 1.2}) == std::vector<int64_t>{1});
    CHECK(far_worse({std::nan(""), std::nan("")}).empty());
}

TEST_CASE("judges: planted violations are found, no others, and disagreement is that of the members") {
    const auto backend = make_cpu_backend();
    ThreadPool pool(3), one(1);
    const Judges judges = exact_judges(*backend, {-.25, .25});  // their mean is exact
    data::Dataset d = noisy_boats(6, 0, 4);
    std::vector<std::vector<int64_t>> groups = rows_by_window(d, 1);
    REQUIRE(groups.size() == 6 * 80);
    for (int64_t t : {17, 18, 300}) d.actions[size_t(2 * t)] += .5f;  // the state stays: off by .2 * .5 / .1, rms .707
    const Judgement found = judge_groups({*backend, pool, 8}, judges, d, groups, {.5, .7, .72});
    CHECK(found.rates.transitions == 480);
    CHECK(found.rates.transition[0] == doctest::Approx(3.0 / 480));
    CHECK(found.rates.transition[1] == doctest::Approx(3.0 / 480));
    CHECK(found.rates.transition[2] == 0);
    CHECK(found.error < 1e-4);
    CHECK(found.disagreement == doctest::Approx(.25).epsilon(1e-4));
    // By windows of eight: rows 17 and 18 lie in one of them.
    groups = rows_by_window(d, 8);
    CHECK(groups.size() == 60);
    CHECK(groups[10] == std::vector<int64_t>{81, 82, 83, 84, 85, 86, 87, 88});
    CHECK(judge_groups({*backend, pool, 8}, judges, d, groups, {.5}).rates.bridge[0] == doctest::Approx(2.0 / 60));
    std::vector<int64_t> rows = {17, 3, 300, 299};
    const Judged judged = judge_transitions({*backend, pool, 8}, judges, d, rows);
    CHECK(judged.error[0] == doctest::Approx(std::sqrt(.5)).epsilon(1e-4));
    CHECK(judged.error[1] < 1e-4);
    CHECK(judged.error == judge_transitions({*backend, one, 8}, judges, d, rows).error);
}

TEST_CASE("judges: bridges of a stitched file, and where they arrive") {
    const auto backend = make_cpu_backend();
    ThreadPool pool(2);
    const Judges judges = exact_judges(*backend, {-.5, .5});
    const data::Dataset source = noisy_boats(3, 0, 6);
    const data::RecordedData stitched = small_stitched(source);
    const auto bridges = rows_by_bridge(stitched.recorded);
    REQUIRE(bridges.size() == 1);
    CHECK(bridges[0] == std::vector<int64_t>{4, 5, 6});
    const std::vector<JudgedPlan> plans = stored_plans(stitched, bridges, source);
    const std::vector<double> errors = judged_arrival_errors({*backend, pool, 8}, judges, plans);
    double square = 0;
    const double action[2] = {.5, -.25};
    for (size_t i = 0; i < 2; ++i) {
        const double reached = double(source.observation(7)[i]) + 3 * .2 * action[i];
        square += std::pow((double(source.observation(101)[i]) - reached) / judges.sigma_delta[i], 2) / 2;
    }
    CHECK(errors[0] == doctest::Approx(std::sqrt(square)).epsilon(1e-4));
    // The same plan from its ends, of two rows each.
    const StitchEnds ends = recorded_ends(source, 6, source, 101, 2);
    const auto same = best_plans(judges, {ends, ends}, {{{plans[0].actions, {}, 0, 0}}, {{{.5f, -.25f}, {}, 0, 0}}});
    const std::vector<double> both = judged_arrival_errors({*backend, pool, 8}, judges, same);
    CHECK(both[0] == errors[0]);
    CHECK(both[1] != errors[0]);  // plans of different lengths are rolled out side by side
    // Two adjacent bridges are counted as two, and a bridge ends with its episode.
    data::Dataset d = stitched.recorded;
    d.bridge[6] = 13;
    CHECK(rows_by_bridge(d).size() == 2);
    d.bridge[6] = 12, d.terminals[5] = 1;
    CHECK(rows_by_bridge(d) == std::vector<std::vector<int64_t>>{{4}, {6}});
}

TEST_CASE("judges: a saved file is sufficient for judging; the error for an invalid file names it") {
    const auto backend = make_cpu_backend();
    ThreadPool pool(2);
    const TemporaryFolder folder;
    const Judges judges = exact_judges(*backend, {.1, .2, .3});
    save_judges(folder / "judges.npz", judges);
    const Judges read = load_judges(*backend, folder / "judges.npz");
    const data::Dataset d = noisy_boats(2, .01, 4);
    const std::vector<int64_t> rows = {0, 5, 100};
    CHECK(judge_transitions({*backend, pool, 8}, read, d, rows).error ==
          judge_transitions({*backend, pool, 8}, judges, d, rows).error);
    CHECK(read.held_out.episode_start == judges.held_out.episode_start);
    CHECK(read.known == judges.known);
    CHECK(read.units.states.varying == judges.units.states.varying);
    save_judges(folder / "again.npz", read);
    CHECK(data::file_crc32(folder / "again.npz") == data::file_crc32(folder / "judges.npz"));
    data::NpzWriter other(folder / "other.npz");
    other.add("observations", data::NpyArray::from<float>({1, 1}, {0}), data::Compression::stored);
    other.close();
    CHECK_THROWS_WITH_AS(load_judges(*backend, folder / "other.npz"), doctest::Contains("not a file of judges"), Error);
}

TEST_CASE("joins: counted by hand") {
    data::Dataset source = noisy_boats(4, 0, 6);  // episodes of 81 rows
    data::Dataset d;
    // (bridge, source row, target row) by row; two episodes.
    const std::vector<std::vector<int64_t>> rows = {{-1, 3, -1},        {0, 4, 100},  {0, 4, 100},  {-1, 100, -1},
                                                    {1, 120, 90 + 162}, {2, 252, 81}, {-1, 81, -1},  // end
                                                    {3, 10, 82},        {3, 10, 82},  {-1, 82, -1}};
    for (size_t t = 0; t < rows.size(); ++t) {
        d.bridge.push_back(rows[t][0]), d.source_row.push_back(rows[t][1]), d.target_row.push_back(rows[t][2]);
        d.terminals.push_back(t == 6 || t == 9);
    }
    d.rows = int64_t(rows.size());
    const Joins joins = count_joins(d, source);
    CHECK(joins.bridges == 4);
    REQUIRE(joins.pairs.size() == 3);
    auto is = [&](size_t i, int64_t from, int64_t to, int64_t bridges) {
        return joins.pairs[i].from == from && joins.pairs[i].to == to && joins.pairs[i].bridges == bridges;
    };
    CHECK(is(0, 0, 1, 2));  // bridges 0 and 3
    CHECK(is(1, 1, 3, 1));
    CHECK(is(2, 3, 1, 1));
    REQUIRE(joins.episodes.size() == 3);
    CHECK(joins.episodes[0].episode == 1);
    CHECK(joins.episodes[0].left == 1);
    CHECK(joins.episodes[0].entered == 3);
    CHECK(joins.episodes[1].episode == 0);  // two and two: the lower number first
    d.target_row[1] = source.rows;
    CHECK_THROWS_WITH_AS(count_joins(d, source), doctest::Contains("names row 324 of the 324 rows"), Error);
}

TEST_CASE("coverage: counted by hand, on lines") {
    ThreadPool pool(2), one(1);
    auto line = [](double from, double step, int64_t n) {
        std::vector<float> rows;
        for (int64_t i = 0; i < n; ++i) rows.push_back(float(from + step * double(i)));
        return rows;
    };
    const std::vector<double> sigma = {.5};
    // Training rows at 0, 1, .., 99. Ten held-out rows, k tenths off one each for k = 0..8, and one 5 off the line's
    // end: the 90th percentile by the index rule is the ninth in order, .8 / .5.
    std::vector<float> held_out;
    for (int64_t k = 0; k < 9; ++k) held_out.push_back(float(10 * k) - float(k) / 20);
    held_out.push_back(104);
    const std::vector<float> known = line(0, 1, 100);
    // Made: the first half of the line again, and 50 new rows from 200 on, of which 50 are generated.
    std::vector<float> made = line(0, 1, 50), fresh = line(200, 1, 50);
    made.insert(made.end(), fresh.begin(), fresh.end());
    const Coverage c = measure_coverage(pool, held_out, known, made, fresh, sigma);
    CHECK(c.radius == doctest::Approx(.4 / .5).epsilon(1e-5));
    CHECK(c.covered == doctest::Approx(.5));  // those at 0, 10, .. 40
    CHECK(c.novel == 1);
    std::vector<float> half = line(20, 1, 25);
    half.insert(half.end(), fresh.begin(), fresh.begin() + 25);
    CHECK(measure_coverage(one, held_out, known, made, half, sigma).novel == doctest::Approx(.5));
    CHECK(measure_coverage(pool, held_out, known, known, {}, sigma).covered == doctest::Approx(.9));
    CHECK(measure_coverage(pool, held_out, known, known, {}, sigma).novel == 0);
}

TEST_CASE("cross pairs: from held-out rows to reachable rows of training episodes") {
    Pipeline& bench = *small().pipeline;
    const std::vector<StitchEnds> ends = cross_episode_ends(bench, 60);
    REQUIRE(ends.size() > 20);
    CHECK(ends.size() <= 60);
    const int64_t l = bench.config().planner.context;
    const TemporalMap& map = bench.map();
    // The only place in a data set where these states follow one another; -1: nowhere.
    auto place_of = [&](const std::vector<float>& states, const data::Dataset& d) -> int64_t {
        const auto at = std::search(d.observations.begin(), d.observations.end(), states.begin(), states.end());
        return at == d.observations.end() ? -1 : (at - d.observations.begin()) / d.state_dim;
    };
    for (const StitchEnds& e : ends) {
        const int64_t source = place_of(e.source_states, *bench.validation().dataset),
                      target = place_of(e.target_states, bench.train_data());
        REQUIRE(source >= 0);
        REQUIRE(target >= 0);
        CHECK(place_of(e.source_states, bench.train_data()) == -1);
        CHECK(bench.validation().segment(source) == bench.validation().segment(source + l - 1));
        CHECK(bench.train().segment(target) == bench.train().segment(target + l - 1));
        CHECK(map.in_travel(target));
        const float* cut = bench.validation().dataset->observation(source + l - 1);
        const std::vector<float> a = bench.tdr().embed(cut, 1), b = bench.tdr().embed(e.target_states.data(), 1);
        CHECK(e.steps == doctest::Approx(map.calibration.steps(map.steps(a.data(), b.data()))).epsilon(1e-3));
        CHECK(e.steps <= double(bench.config().planner.gap + 1));
        CHECK(e.source_actions.size() == size_t((l - 1) * bench.train_data().action_dim));
    }
    const auto bridges = sample_cross_bridges(bench, 20).bridges;
    REQUIRE(bridges.size() > 5);
    CHECK(bridges[0][0].actions == sample_cross_bridges(bench, 20).bridges[0][0].actions);
}

TEST_CASE("judges: a synthetic row without a bridge is its own group, and is rejected before a file is judged") {
    data::Dataset d;
    d.state_dim = d.action_dim = 1, d.rows = 4;
    d.observations = {0, 1, 2, 3}, d.actions = {1, 1, 1, 0}, d.terminals = {0, 0, 0, 1};
    d.is_synthetic = {1, 1, 0, 0}, d.bridge = {-1, -1, -1, -1};
    data::index_episodes(d);
    CHECK(rows_by_bridge(d) == std::vector<std::vector<int64_t>>{{0, 1}});
    CHECK_THROWS_WITH_AS(data::check_bridges(d, "mine.npz"), doctest::Contains("row 0: is_synthetic"), Error);
}
