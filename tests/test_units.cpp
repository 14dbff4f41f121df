// The method's units: conversion of columns in both directions, and results that do not depend on the file's units.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "astro/augmenters/augmenter.h"
#include "astro/chains.h"
#include "astro/splice.h"
#include "data/dataset_load.h"
#include "data/environment_match.h"
#include "data/npz.h"
#include "data/replay.h"
#include "data/units.h"
#include "tensor/base/error.h"
#include "tensor/base/range_text.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;

namespace {

// Episodes of a boat with a constant heading: x' = x + .2 u.
data::Dataset boat_trips() {
    data::Dataset d;
    d.state_dim = d.action_dim = 2;
    for (int64_t e = 0; e < 40; ++e) {
        Rng rng = Rng(3).stream("boat").stream(uint64_t(e));
        double x = rng.uniform(-5, 5), y = rng.uniform(-5, 5);
        const double turn = rng.uniform(0, 6.28);
        for (int64_t t = 0; t < 61; ++t) {
            const double u = std::clamp(.7 * std::cos(turn) + .3 * rng.normal(), -1.0, 1.0),
                         v = std::clamp(.7 * std::sin(turn) + .3 * rng.normal(), -1.0, 1.0);
            d.observations.push_back(float(x)), d.observations.push_back(float(y));
            d.actions.push_back(float(u)), d.actions.push_back(float(v));
            d.terminals.push_back(t == 60);
            x += .2 * u, y += .2 * v;
        }
    }
    d.rows = int64_t(d.terminals.size());
    data::index_episodes(d);
    return d;
}

// For two columns: value in other units = scale * value + shift.
struct ColumnChange {
    std::vector<double> scale = {1, 1}, shift = {0, 0};
    double of(double value, size_t i) const { return scale[i % 2] * value + shift[i % 2]; }
};

// The same episodes in other units.
data::Dataset in_other_units(data::Dataset d, const ColumnChange& states, const ColumnChange& actions) {
    for (size_t i = 0; i < d.observations.size(); ++i)
        d.observations[i] = float(states.of(double(d.observations[i]), i));
    for (size_t i = 0; i < d.actions.size(); ++i) d.actions[i] = float(actions.of(double(d.actions[i]), i));
    return d;
}

// All stages up to a spliced data set, small enough to take a second.
struct Stitched {
    std::unique_ptr<Backend> backend = make_cpu_backend();
    ThreadPool pool{2};
    Config config;
    std::unique_ptr<Pipeline> pipeline;
    Augmentation made;
    data::Dataset spliced;

    explicit Stitched(data::Dataset trips) {
        apply_preset(config, "tiny");
        config.planner.gap = 8, config.planner.context = 4;
        config.data.arrival_steps = 2;
        config.tdr.updates = 600, config.dynamics.network.updates = 300, config.planner.network.updates = 300;
        config.augment.ratio = 2, config.augment.accept_threshold = 3;
        pipeline = std::make_unique<Pipeline>(Context{*backend, pool, 8}, config, std::move(trips), std::nullopt,
                                              std::string());
        train(pipeline->tdr()), train(pipeline->dynamics(0)), train(pipeline->planner());
        const auto stitch = augmenters::make_augmenter("augmented", *pipeline, 0);
        spliced = stitch->make(pipeline->augmented_rows(), {});
        made = *stitch->attempts();
    }
    static void train(TrainableModel& model) {
        for (int64_t k = 0; k < model.updates(); ++k) model.update(k);
    }
};

}  // namespace

TEST_CASE("units: columns are centred and scaled; constant ones are left out and restored") {
    data::Dataset d;
    d.rows = 4, d.state_dim = 3, d.action_dim = 2;
    d.observations = {1, 7, 100, 2, 7, 300, 3, 7, 100, 6, 7, 300};
    d.actions = {-2, 0, 4, 0, 1, 0, 99, 0};  // the last action is not used
    d.terminals = {0, 0, 0, 1};
    data::index_episodes(d);
    const data::Units units = data::measure_units(d, "file");
    CHECK(units.states.varying == std::vector<int64_t>{0, 2});
    CHECK(units.states.constant() == std::vector<int64_t>{1});
    CHECK(units.states.centre == std::vector<double>{3, 7, 200});
    CHECK(units.states.scale[0] == doctest::Approx(std::sqrt(3.5)));
    CHECK(units.states.scale[2] == doctest::Approx(100));
    CHECK(units.actions.centre[0] == 1);
    CHECK(units.actions.scale[0] == 3);
    CHECK(units.actions.varying == std::vector<int64_t>{0});
    CHECK(data::describe(units) ==
          "actions in [-2, 4]; state column 1 never changes and is left out; action column 1 never changes and is left "
          "out");
    const data::RecordedData both = data::convert(units, d, "file");
    CHECK(both.data.state_dim == 2);
    CHECK(both.data.action_dim == 1);
    CHECK(both.data.observation(3)[1] == 1);
    CHECK(both.data.action(0)[0] == -1);
    const auto back = units.states.rows_outward<float>(both.data.observations);
    for (size_t i = 0; i < back.size(); ++i) CHECK(back[i] == doctest::Approx(d.observations[i]));
    d.origin = {0, 0, 5e6};  // 64-bit states from which a large offset was subtracted
    const data::Units far = data::measure_units(d, "file");
    CHECK(far.states.centre[2] == 5000200);
    CHECK(far.states.scale[2] == doctest::Approx(100));
    CHECK(data::convert(far, d, "file").data.observations == both.data.observations);
    const double state[] = {3, 7, 5000300};  // as an environment gives it
    float inside[2];
    far.states.inward(state, inside);
    CHECK(inside[1] == 1);
}

TEST_CASE("units: a narrow range far from 0 is printed with enough digits") {
    CHECK(number_in_range(5348001.25, 2.5, 5) == "5348001.25");
    CHECK(number_in_range(.123456, 2, 5) == "0.12346");
    CHECK(number_in_range(0, 0, 5) == "0");
}

TEST_CASE("units: constant states or constant actions are rejected") {
    data::Dataset d;
    d.rows = 2, d.state_dim = d.action_dim = 1;
    d.observations = {1e6f, 1e6f}, d.actions = {0, 1}, d.terminals = {0, 1};
    data::index_episodes(d);
    CHECK_THROWS_WITH_AS(data::measure_units(d, "a.npz"), doctest::Contains("a.npz: all columns of observations"),
                         Error);
    d.observations = {1, 2};
    CHECK_THROWS_WITH_AS(data::measure_units(d, "a.npz"), doctest::Contains("a.npz: all columns of actions"), Error);
}

TEST_CASE("units: a file in other units than the data is refused, other episodes of the system are not") {
    data::Dataset trips = boat_trips();
    const data::Units units = data::measure_units(trips, "a.npz");
    auto refusal = [&](const ColumnChange& states, const ColumnChange& actions) -> std::string {
        try {
            data::require_same_units(units, in_other_units(trips, states, actions), "b.npz");
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    CHECK(refusal({}, {}).empty());
    CHECK(refusal({{3, 3}, {8, 8}}, {{.5, .5}, {0, 0}}).empty());
    CHECK(contains(refusal({{1, 1}, {0, 388000}}, {}), "b.npz: observations[1] is 3879"));
    CHECK(contains(refusal({{1000, 1}, {0, 0}}, {}), "b.npz: observations[0] is "));
    CHECK(contains(refusal({{1e-3, 1e-3}, {0, 0}}, {}), "all columns of observations have less than a tenth"));
    CHECK(contains(refusal({}, {{30, 1}, {0, 0}}), "b.npz: actions[0] is -30 to 30, far from -1 to 1"));
    CHECK(contains(refusal({}, {{.01, .01}, {0, 0}}), "all columns of actions have less than a tenth"));
    // A third column, constant in the data.
    auto widened = [&](double step) {
        data::Dataset d = trips;
        d.state_dim = 3, d.observations.clear();
        for (int64_t t = 0; t < d.rows; ++t) {
            d.observations.insert(d.observations.end(), trips.observation(t), trips.observation(t) + 2);
            d.observations.push_back(float(5 + step * double(t)));
        }
        return d;
    };
    const data::Units wide = data::measure_units(widened(0), "a.npz");
    data::require_same_units(wide, widened(0), "b.npz");
    CHECK_THROWS_WITH_AS(data::require_same_units(wide, widened(.01), "b.npz"),
                         doctest::Contains("observations[2] is 5 to 29.39, and always 5 in the data"), Error);
}

TEST_CASE("units: factors that are powers of two give identical results, other factors and shifts similar ones") {
    const data::Dataset trips = boat_trips();
    const Stitched plain(trips);
    INFO(plain.made.stopped_because, "; rounds ", plain.made.rounds, ", without target ",
         plain.made.queries_without_target, " of ", plain.made.queries);
    REQUIRE(plain.made.attempts.size() > 20);
    // Powers of two cause no rounding errors, so every decision is the same.
    const Stitched binary(
        in_other_units(trips, {{std::ldexp(1, -20), std::ldexp(1, 20)}}, {{std::ldexp(1, 20), std::ldexp(1, -20)}}));
    REQUIRE(binary.made.attempts.size() == plain.made.attempts.size());
    for (size_t i = 0; i < plain.made.attempts.size(); ++i) {
        CHECK(binary.made.attempts[i].source_row == plain.made.attempts[i].source_row);
        CHECK(binary.made.attempts[i].target_row == plain.made.attempts[i].target_row);
        CHECK(binary.made.attempts[i].bridge.error == plain.made.attempts[i].bridge.error);
        CHECK(binary.made.attempts[i].bridge.actions == plain.made.attempts[i].bridge.actions);
    }
    CHECK(binary.spliced.source_row == plain.spliced.source_row);
    for (size_t i = 0; i < plain.spliced.observations.size(); ++i)
        CHECK(std::ldexp(double(binary.spliced.observations[i]), i % 2 ? -20 : 20) ==
              doctest::Approx(double(plain.spliced.observations[i])).epsilon(1e-5));
    // Other factors and shifts cause rounding errors, so the models are only similar.
    auto yield = [](const Stitched& s) {
        double accepted = 0;
        for (const BridgeAttempt& a : s.made.attempts) accepted += a.verdict == Verdict::accepted;
        return accepted / double(s.made.attempts.size());
    };
    const std::pair<ColumnChange, ColumnChange> units[] = {{{{1e-6, 1e6}}, {{30, 1e-6}, {100, 0}}},
                                                           {{{1e5, 1e6}, {2e6, -2e6}}, {{1e-3, 1e6}, {0, -1e7}}}};
    for (const auto& [states, actions] : units) {
        const Stitched other(in_other_units(trips, states, actions));
        INFO(states.scale[0], " ", actions.scale[0]);
        CHECK(std::fabs(yield(other) - yield(plain)) < .15);
        for (size_t i = 0; i < 2; ++i)
            CHECK(other.pipeline->statistics().sigma_delta[i] ==
                  doctest::Approx(plain.pipeline->statistics().sigma_delta[i]).epsilon(1e-3));
        for (size_t i = 0; i < other.spliced.actions.size(); ++i) {
            const double a = (double(other.spliced.actions[i]) - actions.shift[i % 2]) / actions.scale[i % 2];
            CHECK(std::fabs(a) <= 1.0001);
        }
    }
}

namespace {

// The boat of boat_trips() in map coordinates, with a third column that is constant.
class BoatOnMap : public data::Environment {
  public:
    BoatOnMap() {
        spec_.name = "boat-on-map-v0";
        spec_.state_dim = 3, spec_.action_dim = 2, spec_.tasks = 1;
        exact_step = [](const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next = states;
            for (size_t i = 0; i < actions.size(); ++i) next[i / 2 * 3 + i % 2] += .2 * actions[i];
            return next;
        };
    }
    data::Episode task(int64_t number) const override { return {number, {0, 0, 7}, {1, 1, 7}}; }
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>&, int64_t, Protocol, uint64_t) const override {
        return {};
    }
    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>&, uint64_t) const override { return nullptr; }
};

}  // namespace

TEST_CASE(
    "units: 64-bit map coordinates keep their precision, and a constant column its value, up to the spliced file") {
    const data::Dataset trips = boat_trips();
    const double east = 388000, north = 5348000;
    std::vector<double> states;
    for (int64_t t = 0; t < trips.rows; ++t)
        for (double x : {east + double(trips.observation(t)[0]), north + double(trips.observation(t)[1]), 7.0})
            states.push_back(x);
    TemporaryFolder folder;
    {
        data::NpzWriter writer(folder / "map.npz");
        writer.add("observations", data::NpyType::f8, {trips.rows, 3}, states.data(), data::Compression::deflated);
        writer.add("actions", data::NpyType::f4, {trips.rows, 2}, trips.actions.data(), data::Compression::deflated);
        writer.add("terminals", data::NpyType::b1, {trips.rows}, trips.terminals.data(), data::Compression::deflated);
        writer.close();
    }
    const data::Dataset read = data::load_dataset(folder / "map.npz");
    REQUIRE(read.origin.size() == 3);
    for (int64_t t = 0; t < read.rows; ++t)
        for (int64_t i = 0; i < 3; ++i) CHECK(std::fabs(read.state(t, i) - states[size_t(3 * t + i)]) < 1e-6);
    const Stitched plain(trips), map(read);
    CHECK(map.pipeline->units().states.constant() == std::vector<int64_t>{2});
    CHECK(map.pipeline->statistics().sigma_delta[1] ==
          doctest::Approx(plain.pipeline->statistics().sigma_delta[1]).epsilon(1e-3));
    CHECK(map.spliced.rows > 100);
    data::save_dataset(folder / "spliced.npz", map.spliced);
    CHECK(data::NpzReader(folder / "spliced.npz").entry("observations").header.type == data::NpyType::f8);
    const data::Dataset again = data::load_dataset(folder / "spliced.npz");
    CHECK(again.sigma_delta[2] == 0);
    for (int64_t t = 0; t < again.rows; ++t) {
        CHECK(again.state(t, 2) == 7);
        CHECK(std::fabs(again.state(t, 1) - map.spliced.state(t, 1)) < 1e-6);
        if (!again.is_synthetic[size_t(t)] && again.target_row[size_t(t)] < 0)
            CHECK(std::fabs(again.state(t, 0) - states[size_t(3 * again.source_row[size_t(t)])]) < 1e-6);
    }
    // A simulator in these coordinates replays the file.
    const BoatOnMap map_environment;
    ThreadPool pool(2);
    const data::Replay replayed = data::replay(map_environment, read, {.01}, pool, "map.npz");
    CHECK(replayed.real.rates.transitions == read.rows - read.episodes());
    CHECK(replayed.real.worst_scaled < 1e-3);
    CHECK_NOTHROW(data::check_environment_match(map_environment, read, "map.npz"));
}

TEST_CASE("units: replays judge by shares of a column's own values, in any unit") {
    // A boat with a constant third column, of which the simulator changes the given share per step.
    class Drifting : public data::Environment {
      public:
        Drifting(const ColumnChange& states, const ColumnChange& actions, double share) {
            spec_.name = "drifting-v0";
            spec_.state_dim = 3, spec_.action_dim = 2, spec_.tasks = 1;
            exact_step = [=](const std::vector<double>& from, const std::vector<double>& u) {
                std::vector<double> next = from;
                for (size_t i = 0; i < u.size(); ++i)
                    next[i / 2 * 3 + i % 2] +=
                        .2 * states.scale[i % 2] * (u[i] - actions.shift[i % 2]) / actions.scale[i % 2];
                for (size_t i = 2; i < next.size(); i += 3) next[i] *= 1 + share;
                return next;
            };
        }
        data::Episode task(int64_t number) const override { return {number, {0, 0, 7}, {1, 1, 7}}; }
        std::vector<data::Episode> draw_episodes(const std::vector<int64_t>&, int64_t, Protocol,
                                                 uint64_t) const override {
            return {};
        }
        std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>&, uint64_t) const override {
            return nullptr;
        }
    };
    const data::Dataset trips = boat_trips();
    ThreadPool pool(1);
    std::vector<double> worst;
    const std::pair<ColumnChange, ColumnChange> units[] = {
        {}, {{{1e-6, 1e6}}, {{1e6, 1e-6}}}, {{{1e6, 1e-6}, {3e6, 0}}, {{1e-6, 1e6}, {0, 2e6}}}};
    for (const auto& [states, actions] : units)
        for (const double constant : {7.0, 7e-6, 7e6}) {
            const data::Dataset plane = in_other_units(trips, states, actions);
            data::Dataset d = plane;
            d.state_dim = 3, d.observations.clear();
            for (int64_t t = 0; t < d.rows; ++t)
                for (const double x : {double(plane.observation(t)[0]), double(plane.observation(t)[1]), constant})
                    d.observations.push_back(float(x));
            for (int64_t t = 50; t < 55; ++t)  // five wrong transitions
                d.observations[size_t(3 * t)] += float(.1 * states.scale[0]);
            INFO(states.scale[0], " ", actions.scale[0], " ", constant);
            const auto replayed = [&](double share) {
                return data::replay(Drifting(states, actions, share), d, {.1}, pool, "mine.npz").real;
            };
            const data::ReplayPart agrees = replayed(0), drifts = replayed(1e-3);
            CHECK(agrees.rates.transition[0] == doctest::Approx(2. / double(d.rows - d.episodes())));
            CHECK(agrees.worst_scaled < 1);  // not a changed constant
            CHECK(drifts.rates.transition[0] == 1);
            worst.push_back(agrees.worst_scaled);
            CHECK_NOTHROW(data::check_environment_match(Drifting(states, actions, 0), d, "mine.npz"));
        }
    for (const double w : worst) CHECK(w == doctest::Approx(worst[0]).epsilon(.02));
}

TEST_CASE("units: float64 actions and integer states keep their digits, up to the spliced file") {
    const data::Dataset trips = boat_trips();
    constexpr double kActions = 1e9;
    constexpr int64_t kStates = int64_t{1} << 40, kCounts = 1000;  // counts per unit
    std::vector<double> actions;
    std::vector<int64_t> states;
    for (int64_t t = 0; t < trips.rows; ++t)
        for (int64_t i = 0; i < 2; ++i) {
            const bool used = trips.terminals[size_t(t)] == 0;  // the last action of an episode is not, and not finite
            actions.push_back(used ? kActions + double(trips.action(t)[i]) : std::nan(""));
            states.push_back(kStates + std::llround(double(kCounts) * double(trips.observation(t)[i])));
        }
    TemporaryFolder folder;
    {
        data::NpzWriter writer(folder / "counts.npz");
        writer.add("observations", data::NpyType::i8, {trips.rows, 2}, states.data(), data::Compression::deflated);
        writer.add("actions", data::NpyType::f8, {trips.rows, 2}, actions.data(), data::Compression::deflated);
        writer.add("terminals", data::NpyType::b1, {trips.rows}, trips.terminals.data(), data::Compression::deflated);
        writer.close();
    }
    const data::Dataset read = data::load_dataset(folder / "counts.npz");
    for (int64_t t = 0; t < read.rows; ++t)
        for (int64_t i = 0; i < 2; ++i) {
            const auto at = size_t(2 * t + i);
            CHECK(read.state(t, i) == double(states[at]));
            if (!read.terminals[size_t(t)]) CHECK(std::fabs(read.action_value(t, i) - actions[at]) < 1e-6);
        }
    const Stitched plain(trips), counts(read);
    CHECK(counts.pipeline->units().actions.scale[0] ==
          doctest::Approx(plain.pipeline->units().actions.scale[0]).epsilon(1e-4));
    CHECK(counts.pipeline->units().actions.centre[0] - kActions ==
          doctest::Approx(plain.pipeline->units().actions.centre[0]).epsilon(1e-2));
    REQUIRE(counts.spliced.rows > 100);
    data::save_dataset(folder / "spliced.npz", counts.spliced);
    const data::NpzReader written(folder / "spliced.npz");
    CHECK(written.entry("observations").header.type == data::NpyType::f8);
    CHECK(written.entry("actions").header.type == data::NpyType::f8);
    const data::Dataset again = data::load_dataset(folder / "spliced.npz");
    for (int64_t t = 0; t < again.rows; ++t) {
        if (again.terminals[size_t(t)]) continue;
        const auto row = size_t(again.source_row[size_t(t)]);
        for (int64_t i = 0; i < 2; ++i) {
            CHECK(std::fabs(again.action_value(t, i) - kActions) < 1.001);
            if (again.is_synthetic[size_t(t)] || again.target_row[size_t(t)] >= 0) continue;
            CHECK(again.state(t, i) == double(states[2 * row + size_t(i)]));
            CHECK(std::fabs(again.action_value(t, i) - actions[2 * row + size_t(i)]) < 1e-6);
        }
    }
}
