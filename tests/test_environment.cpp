// The interface of environments: evaluation and replay of a system that is not a maze; checks of dimensions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "astro/config/config.h"
#include "astro/evaluate.h"
#include "data/environment_match.h"
#include "data/replay.h"
#include "tensor/rng.h"
#include "tests/error_message.h"

using namespace astro;
using namespace astro::method;

namespace {

// A point with three state columns and no position columns. The action moves it along the first column.
class Rail : public data::Environment {
  public:
    Rail() {
        spec_.name = "rail-v0";
        spec_.state_dim = 3, spec_.action_dim = 1;
        spec_.tasks = 2, spec_.step_limit = 10, spec_.tolerance = .25;
        exact_step = [](const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next(states.begin(), states.end());
            for (size_t i = 0; i < actions.size(); ++i) next[3 * i] += double(actions[i]);
            return next;
        };
    }

    data::Episode task(int64_t number) const override { return {number, {0, 0, 1}, {double(number), 0, 1}}; }
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol,
                                             uint64_t) const override {
        std::vector<data::Episode> all;
        for (int64_t number : tasks) all.insert(all.end(), static_cast<size_t>(each), task(number));
        return all;
    }

    class Cars : public data::Agents {
      public:
        std::vector<double> at;
        const std::vector<double>& states() const override { return at; }
        void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) override {
            REQUIRE(agents.size() == actions.size());
            for (size_t i = 0; i < agents.size(); ++i) at[static_cast<size_t>(3 * agents[i])] += actions[i];
        }
    };
    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>& episodes, uint64_t) const override {
        auto cars = std::make_unique<Cars>();
        for (const data::Episode& e : episodes) cars->at.insert(cars->at.end(), e.start.begin(), e.start.end());
        return cars;
    }
};

// An episode of a slow car far from the origin of its rail: correct transitions, but for the rounding of its positions.
data::Dataset slow_and_far() {
    data::Dataset d;
    d.rows = 2000, d.state_dim = 3, d.action_dim = 1;
    Rng rng(1);
    double x = 0;
    for (int64_t t = 0; t < d.rows; ++t) {
        for (double value : {x, 0.0, 1.0}) d.observations.push_back(static_cast<float>(value));
        d.actions.push_back(static_cast<float>(rng.uniform()));
        d.terminals.push_back(t + 1 == d.rows);
        x += double(d.actions.back());
    }
    data::index_episodes(d);
    return d;
}

// Two episodes of three rows; the last transition of the second has an error of 0.5.
data::Dataset recorded() {
    data::Dataset d;
    d.rows = 6, d.state_dim = 3, d.action_dim = 1;
    d.observations = {0, 0, 1, 1, 0, 1, 1.5f, 0, 1, 4, 0, 1, 3, 0, 1, 3.5f, 0, 1};
    d.actions = {1, .5f, 0, -1, 0, 0};
    d.terminals = {0, 0, 1, 0, 0, 1};
    data::index_episodes(d);
    return d;
}

}  // namespace

TEST_CASE(
    "environment: a system with three columns and no position columns is evaluated, with one policy call per step") {
    const Rail rail;
    std::vector<size_t> batches;
    auto towards = [&](const std::vector<double>& states, const std::vector<double>& goals) {
        std::vector<double> actions;
        for (size_t i = 0; i < states.size(); i += 3) actions.push_back(2 * (goals[i] - states[i]));  // clipped to 1
        batches.push_back(actions.size());
        return actions;
    };
    const std::vector<data::Episode> episodes = rail.draw_episodes({1, 2}, 2, Protocol::goal_conditioned, 0);
    const std::vector<Outcome> made = evaluate(rail, episodes, Protocol::goal_conditioned, towards, 0, true);
    CHECK(batches == std::vector<size_t>{4, 2});
    for (size_t e = 0; e < 4; ++e) {
        CHECK(made[e].success);
        CHECK(made[e].steps == (e < 2 ? 1 : 2));
        CHECK(made[e].path.size() == static_cast<size_t>(3 * (made[e].steps + 1)));
    }
    CHECK(made[3].path == std::vector<float>{0, 0, 1, 1, 0, 1, 2, 0, 1});
    // If success depends on s, it is detected one step later. No episode exceeds the step limit.
    CHECK(evaluate(rail, episodes, Protocol::single_task, towards, 0, false)[0].steps == 2);
    auto still = [](const std::vector<double>& states, const std::vector<double>&) {
        return std::vector<double>(states.size() / 3, 0.0);
    };
    CHECK(evaluate(rail, episodes, Protocol::goal_conditioned, still, 0, false)[0].steps == 10);
    // Without position columns, distances use all columns.
    const double apart[2][3] = {{0, 0, 0}, {0, 0, 1}};
    CHECK(rail.distance(apart[0], apart[1]) == 1);
    auto wide = [](const std::vector<double>& states, const std::vector<double>&) { return states; };
    const std::string words =
        error_message([&] { evaluate(rail, episodes, Protocol::goal_conditioned, wide, 0, false); }, ErrorKind::data);
    CHECK(words.find("3 numbers") != std::string::npos);
    // Numbers that are too large for a policy, or make its action infinite, are named.
    const auto refusal = [&](double goal, double action) {
        std::vector<data::Episode> far = episodes;
        far[2].goal[1] = goal;
        auto act = [&](const std::vector<double>& states, const std::vector<double>&) {
            return std::vector<double>(states.size() / 3, action);
        };
        return error_message([&] { evaluate(rail, far, Protocol::goal_conditioned, act, 0, false); }, ErrorKind::io);
    };
    CHECK(refusal(0, 0).empty());
    CHECK(contains(refusal(1e300, 0), ", agent 2: column 1 of its goal is 1e+300, too large for the policy"));
    CHECK(contains(refusal(0, NAN), ", agent 0: column "));
}

TEST_CASE("environment: the error that rounding to float32 gives correct transitions is known") {
    const Rail rail;
    ThreadPool pool(1);
    const data::Replay r = data::replay(rail, slow_and_far(), {.5}, pool, "slow.npz");
    CHECK(r.real.worst_scaled > 1e-4);
    CHECK(r.real.worst_scaled <= r.rounding);
    CHECK(r.rounding < 3 * r.real.worst_scaled);
}

TEST_CASE("environment: replay with three columns; wrong dimensions are rejected") {
    const Rail rail;
    ThreadPool pool(1);
    const data::Replay r = data::replay(rail, recorded(), {.5}, pool, "mine.npz");
    CHECK(r.real.rates.transitions == 4);
    CHECK(r.real.worst == doctest::Approx(.5));
    CHECK(r.real.worst_row == 4);
    CHECK(r.real.worst_scaled > .5 / std::sqrt(3.0) / r.sigma_delta[0] * .999);
    CHECK(r.rounding < 1e-5);
    const data::Environment& medium = *data::find_environment("pointmaze-medium-v0");
    const std::string words =
        error_message([&] { data::replay(medium, recorded(), {.5}, pool, "mine.npz"); }, ErrorKind::data);
    for (const char* part : {"mine.npz", "3 and 1", "pointmaze-medium-v0", "2 and 2"})
        CHECK_MESSAGE(words.find(part) != std::string::npos, part);
    CHECK_THROWS_AS(data::check_dimensions(medium, recorded(), "mine.npz"), Error);
    CHECK_NOTHROW(data::check_dimensions(rail, recorded(), "mine.npz"));
}

TEST_CASE("environment: a sigma_delta of 0 is rejected for a column that changes") {
    const Rail rail;
    ThreadPool pool(1);
    data::Dataset d = recorded();
    d.sigma_delta = {1, 1, 1};
    for (int64_t i = 0; i < 3; ++i) {
        bool varies = false;
        for (int64_t t = 0; t + 1 < d.rows; ++t)
            varies = varies || (!d.terminals[size_t(t)] && d.observation(t + 1)[i] != d.observation(t)[i]);
        if (!varies) continue;
        d.sigma_delta[size_t(i)] = 0;
        CHECK(error_message([&] { data::replay(rail, d, {.5}, pool, "mine.npz"); }, ErrorKind::data)
                  .find("violations would not be detected") != std::string::npos);
        return;
    }
    CHECK(false);
}

TEST_CASE("environment: names of environments and of their data sets") {
    const data::Environment* large = data::find_environment("pointmaze-large-v0");
    REQUIRE(large);
    CHECK(large == data::find_environment("pointmaze-large-stitch-singletask-task3-v0"));
    CHECK(data::dataset_name(*large, "stitch") == "pointmaze-large-stitch-v0");
    CHECK(data::find_environment("antmaze-large-v0") == nullptr);
    CHECK(data::find_environment("") == nullptr);
    CHECK(large->spec().gamma == resolve_gamma(0, "pointmaze-large-stitch-v0"));
    for (const std::string& name : data::environment_names()) CHECK(data::find_environment(name)->spec().name == name);
    const std::string words = error_message([] { data::require_environment("x", "no 'x'"); }, ErrorKind::usage);
    CHECK(words.find("pointmaze-giant-v0") != std::string::npos);
}

TEST_CASE("environment: data that do not match it are rejected with the likely cause") {
    ThreadPool pool(2);
    const data::Environment& maze = data::require_environment("pointmaze-medium-v0", "");
    data::Dataset d = maze.generate({"stitch", 20, 201, .5, 3}, "train", pool);
    CHECK_NOTHROW(data::check_environment_match(maze, d, "mine.npz"));
    CHECK(data::describe_far_tasks(maze, d).empty());
    data::Dataset millimetres = d;
    for (float& x : millimetres.observations) x *= .001f;
    CHECK(contains(data::describe_far_tasks(maze, millimetres), "column 0 of the goal of task 1 is 20, and "));
    for (float& x : millimetres.observations) x *= 1e6f;
    CHECK(contains(data::describe_far_tasks(maze, millimetres), "starts and goals of all tasks are close together"));
    const std::vector<data::Episode> episodes = maze.draw_episodes({1, 2, 3}, 1, Protocol::goal_conditioned, 0);
    CHECK(data::try_step(maze, d, episodes, 0).empty());
    CHECK(contains(data::try_step(maze, millimetres, episodes, 0), "a step of pointmaze-medium-v0 is at most "));
    const auto cause = [&](const data::Environment& environment) {
        return error_message([&] { data::check_environment_match(environment, d, "mine.npz"); }, ErrorKind::data);
    };
    CHECK(contains(cause(data::require_environment("pointmaze-large-v0", "")), "--env pointmaze-medium-v0"));
    const data::Dataset good = d;
    for (const int64_t shift : {-1, 1}) {
        for (int64_t t = 0; t < d.rows; ++t)
            for (int64_t i = 0; i < d.action_dim; ++i)
                d.actions[size_t(t * d.action_dim + i)] =
                    good.actions[size_t(((t + shift + d.rows) % d.rows) * d.action_dim + i)];
        CHECK(contains(cause(maze), shift < 0 ? "stored one row late" : "stored one row early"));
    }
    d = good;
    for (float& a : d.actions) a *= 30;
    CHECK(contains(cause(maze), "actions are in another unit"));
    d = good;
    std::reverse(d.actions.begin(), d.actions.end());
    CHECK(contains(cause(maze), "they come from another system"));
    for (int64_t t = 50; t < d.rows; t += 300) d.observations[size_t(t * d.state_dim)] += 1000;  // a few jumps hide nothing
    CHECK(contains(cause(maze), "they come from another system"));
}

namespace {

// The rail as a simulator that replays only from qpos and qvel; the observation alone does not tell its state.
class HiddenRail : public Rail {
  public:
    HiddenRail() {
        spec_.name = "hidden-rail-v0", spec_.qpos_dim = 2, spec_.qvel_dim = 1;
        stored_step = [step = exact_step](const std::vector<double>& qpos, const std::vector<double>&,
                                          const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next = step(states, actions);
            for (size_t i = 0; i < actions.size(); ++i) next[3 * i + 1] = qpos[2 * i + 1];
            return next;
        };
        exact_step = nullptr;
    }
};

// 30 episodes of random steps, with qpos and qvel. The second column shows what was hidden in the row before.
data::Dataset hidden_steps() {
    data::Dataset d;
    d.state_dim = 3, d.action_dim = 1, d.qpos_dim = 2, d.qvel_dim = 1;
    for (uint64_t e = 0; e < 30; ++e) {
        Rng rng = Rng(0).stream(e);
        float x = 0, shown = 0;
        for (int64_t t = 0; t < 20; ++t) {
            const auto action = static_cast<float>(rng.uniform(-1, 1)), hidden = static_cast<float>(rng.normal());
            d.observations.insert(d.observations.end(), {x, shown, 1});
            d.actions.push_back(action), d.qvel.push_back(0);
            d.qpos.insert(d.qpos.end(), {x, hidden});
            d.terminals.push_back(t == 19);
            x += action, shown = hidden;
        }
    }
    d.rows = ssize(d.terminals);
    data::index_episodes(d);
    return d;
}

}  // namespace

TEST_CASE("environment: data are checked and verified from qpos where only they tell the state") {
    const HiddenRail rail;
    ThreadPool pool(1);
    data::Dataset d = hidden_steps();
    CHECK_NOTHROW(data::check_environment_match(rail, d, "mine.npz"));
    const data::Replay r = data::replay(rail, d, {.5}, pool, "mine.npz");
    CHECK(r.real.rates.transitions == d.rows - d.episodes());
    CHECK(r.real.worst < 1e-5);
    const data::Dataset good = d;
    std::rotate(d.actions.begin(), d.actions.begin() + 1, d.actions.end());
    CHECK(contains(error_message([&] { data::check_environment_match(rail, d, "mine.npz"); }, ErrorKind::data),
                   "each action is stored one row early"));
    d = good;
    for (size_t i = 1; i < d.qpos.size(); i += 50) d.qpos[i] += 9;  // 4 % of the rows
    CHECK_NOTHROW(data::check_environment_match(rail, d, "mine.npz"));
    d = good;
    std::rotate(d.qpos.begin(), d.qpos.begin() + 2, d.qpos.end());
    CHECK(contains(error_message([&] { data::check_environment_match(rail, d, "mine.npz"); }, ErrorKind::data),
                   "do not match"));
    // qpos of another width is an error, everywhere; without qpos there is nothing to check, and nothing to verify.
    d = good;
    d.qpos_dim = 1, d.qpos.resize(static_cast<size_t>(d.rows));
    for (const auto& judge :
         std::vector<std::function<void()>>{[&] { data::check_environment_match(rail, d, "mine.npz"); },
                                            [&] { data::replay(rail, d, {.5}, pool, "mine.npz"); }})
        CHECK(contains(error_message(judge, ErrorKind::data),
                       "mine.npz: array 'qpos': 1 columns, expected 2 for hidden-rail-v0"));
    d.qpos_dim = 0, d.qpos.clear();
    CHECK_NOTHROW(data::check_environment_match(rail, d, "mine.npz"));
    CHECK(contains(error_message([&] { data::replay(rail, d, {.5}, pool, "mine.npz"); }, ErrorKind::usage),
                   "replays from qpos and qvel of 2 and 1 columns; the file has 0 and 1"));
}
