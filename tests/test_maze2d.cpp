// D4RL's maze2d: MuJoCo's trajectories, walls, the generator, rewards and scores, data sets whose states are
// positions and velocities.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "astro/augmenters/augmenter.h"
#include "astro/evaluate.h"
#include "astro/measure/metrics.h"
#include "astro/splice.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "data/environments/maze2d_collect.h"
#include "data/environments/maze_survey.h"
#include "data/relabel.h"
#include "data/replay.h"
#include "tensor/base/error.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;
using namespace astro::maze;

namespace {

const data::Environment& environment(const std::string& name) { return *data::find_environment(name); }

double apart(const BallState& a, const BallState& b) {
    return std::max(std::max(std::fabs(a.position.x - b.position.x), std::fabs(a.position.y - b.position.y)),
                    std::max(std::fabs(a.velocity.x - b.velocity.x), std::fabs(a.velocity.y - b.velocity.y)));
}

data::Dataset medium_data(int64_t episodes, int threads = 2) {
    ThreadPool pool(threads);
    return environment("maze2d-medium-v1").generate({"auto", episodes, 0, -1, 1}, "train", pool);
}

// The number of rows whose observation differs from qpos and qvel.
int64_t late_rows(const data::Dataset& d) {
    int64_t late = 0;
    for (int64_t t = 0; t < d.rows; ++t)
        late += !std::equal(d.observation(t), d.observation(t) + 2, d.qpos.data() + 2 * t) ||
                !std::equal(d.observation(t) + 2, d.observation(t) + 4, d.qvel.data() + 2 * t);
    return late;
}

}  // namespace

TEST_CASE("maze2d: equals MuJoCo's trajectories to 1e-12 step by step and to 1e-9 free-running") {
    for (const char* name : {"umaze", "medium", "large"}) {
        std::ifstream file(std::string("tests/golden/maze2d_") + name + ".txt");
        REQUIRE(file.good());
        const Maze2d& maze = maze2d(name);
        std::string line;
        BallState stored, running;
        double worst = 0, worst_running = 0;
        int steps = 0, contacts = 0;
        while (std::getline(file, line)) {
            if (line[0] == '#') continue;
            std::istringstream fields(line);
            double episode, step, ax, ay;
            BallState next;
            fields >> episode >> step >> ax >> ay >> next.position.x >> next.position.y >> next.velocity.x >>
                next.velocity.y;
            if (step >= 0) {
                worst = std::max(worst, apart(step_ball(maze, stored, ax, ay), next));
                running = step_ball(maze, running, ax, ay);
                worst_running = std::max(worst_running, apart(running, next));
                contacts += maze.touches_wall(stored.position, kBallRadius + .002);
                ++steps;
            } else {
                running = next;
            }
            stored = next;
        }
        CHECK(steps == 800);
        CHECK(contacts > 150);
        CHECK(worst < 1e-12);
        CHECK(worst_running < 1e-9);
    }
}

TEST_CASE("maze2d: walls and corners stop a ball pushed with full force; actions and speeds are clipped") {
    const Maze2d& maze = maze2d("medium");
    for (const Point push : {Point{1, 0}, Point{-1, 0}, Point{0, 1}, Point{0, -1}, Point{1, 1}, Point{-1, 1}}) {
        BallState ball{place({1, 1}), {}};
        for (int k = 0; k < 600; ++k) ball = step_ball(maze, ball, push.x, push.y);
        CHECK_FALSE(maze.wall(maze.cell_of(ball.position)));
        CHECK_FALSE(maze.touches_wall(ball.position, .09));
        // At rest, in contact with the wall.
        CHECK(maze.touches_wall(ball.position, kBallRadius + .002));
        CHECK(std::hypot(ball.velocity.x, ball.velocity.y) < .01);
    }
    const BallState ball{{1, 1}, {7, -7}}, slower{{1, 1}, {5, -5}};
    CHECK(apart(step_ball(maze, ball, 3, -2), step_ball(maze, slower, 1, -1)) == 0);
}

TEST_CASE("maze2d: the generator is exact, one row late after each arrival, and identical with any number of threads") {
    const data::Dataset d = medium_data(100);
    CHECK(d.episodes() == 100);
    CHECK(d.state_dim == 4);
    const Maze2d& maze = maze2d("medium");
    int64_t arrived = 0;
    for (int64_t e = 0; e < d.episodes(); ++e) {
        const int64_t first = d.episode_start[size_t(e)], last = d.episode_end(e);
        CHECK(last - first <= 600);
        const float* end = d.observation(last);
        arrived += std::hypot(end[0] - std::round(end[0]), end[1] - std::round(end[1])) < .1f;
        if (e + 1 < d.episodes()) CHECK(std::equal(end, end + 4, d.observation(last + 1)));
    }
    CHECK(arrived > 95);  // the others reached the limit
    CHECK(late_rows(d) == 99);
    for (int64_t t = 0; t < d.rows; ++t)
        CHECK_FALSE(maze.touches_wall({d.qpos[size_t(2 * t)], d.qpos[size_t(2 * t + 1)]}, .09));
    ThreadPool pool(2);
    const data::Environment& medium = environment("maze2d-medium-v1");
    CHECK(data::replay(medium, d, {.1}, pool, "data").real.worst < 1e-6);
    data::Dataset moved = d;
    moved.actions[2 * 777] = moved.actions[2 * 777] > 0 ? -1.f : 1.f;
    const data::Replay r = data::replay(medium, moved, {.1}, pool, "data");
    CHECK(r.real.worst > 1e-3);
    CHECK(r.real.worst_row == 777);
    // Without qpos and qvel, a replay starts from observations, and late rows violate the dynamics.
    moved = d;
    moved.qpos.clear(), moved.qvel.clear(), moved.qpos_dim = moved.qvel_dim = 0;
    CHECK(data::replay(medium, moved, {.1}, pool, "data").real.worst > 1e-3);
    const data::Dataset again = medium_data(100, 3);
    CHECK(again.observations == d.observations);
    CHECK(again.actions == d.actions);
    CHECK(again.qvel == d.qvel);
    CHECK_THROWS_AS(medium.generate({"stitch", 2, 0, -1, 1}, "train", pool), Error);
    // With much noise, the ball is often at walls. The transitions are exact there, too.
    const data::Dataset noisy = medium.generate({"auto", 200, 100, 5, 1}, "val", pool);
    for (int64_t e = 0; e < 200; ++e) CHECK(noisy.episode_end(e) - noisy.episode_start[size_t(e)] < 100);
    CHECK(data::replay(medium, noisy, {.1}, pool, "data").real.worst < 1e-6);
}

TEST_CASE("maze2d: names, tasks and goals") {
    for (const char* name : {"maze2d-umaze-v1", "maze2d-umaze-dense-v1", "maze2d-medium-v1", "maze2d-large-dense-v1"}) {
        REQUIRE(data::find_environment(name));
        CHECK(data::dataset_name(environment(name), "auto") == name);
    }
    CHECK(data::find_environment("maze2d-open-v0") == nullptr);
    CHECK(data::dataset_name(environment("pointmaze-large-v0"), "auto") == "pointmaze-large-stitch-v0");
    CHECK(environment("maze2d-umaze-v1").task(1).goal == std::vector<double>{1, 1, 0, 0});
    CHECK(environment("maze2d-umaze-v1").task(1).start == std::vector<double>{3, 1, 0, 0});
    CHECK(environment("maze2d-medium-v1").task(1).goal == std::vector<double>{6, 6, 0, 0});
    CHECK(environment("maze2d-large-v1").task(1).goal == std::vector<double>{7, 9, 0, 0});
    for (const char* name : {"umaze", "medium", "large"}) {
        const Maze2d& maze = maze2d(name);
        CHECK(maze.free_cells().size() == (name == std::string("umaze")    ? 7u
                                           : name == std::string("medium") ? 26u
                                                                           : 46u));
        for (const Cell& c : maze.free_cells()) CHECK(maze.cell_of(place(c)) == c);
    }
    // Geodesics lead around the wall of the umaze and ignore velocities.
    const float from[4] = {1, 1, 3, 0}, to[4] = {3, 1, -2, 1}, near[4] = {1, 2, 5, 5};
    const std::vector<double> ways = environment("maze2d-umaze-v1").geodesics(from, {to, near});
    CHECK(ways[0] > 4);
    CHECK(ways[0] < 6);
    CHECK(ways[1] == doctest::Approx(1).epsilon(.03));
    const data::WorldPicture& picture = *environment("maze2d-umaze-v1").picture();
    CHECK(picture.walls.size() == 18);
    CHECK(picture.bounds.x == doctest::Approx(-.7));
    CHECK(picture.states.size() % 4 == 0);
    for (size_t i = 2; i < picture.states.size(); i += 4) CHECK(picture.states[i] == 0);
}

TEST_CASE("maze2d: episodes continue after arrival; sparse and dense rewards; D4RL's scores of known policies") {
    // Sums of rewards of D4RL's controller, with new waypoints for each episode, and of random forces.
    for (const auto& [name, controlled, random] :
         {std::tuple{"umaze", 224., 29.5}, std::tuple{"medium", 426., 18.}, std::tuple{"large", 551., 9.8}}) {
        const Maze2d& maze = maze2d(name);
        const data::Environment& sparse = environment(std::string("maze2d-") + name + "-v1");
        constexpr int64_t kEpisodes = 100;
        const std::vector<data::Episode> episodes = sparse.draw_episodes({1}, kEpisodes, Protocol::goal_conditioned, 5);
        Rng rng(8);
        std::vector<WaypointController> controllers;
        for (const data::Episode& e : episodes)
            controllers.emplace_back(maze, Point{e.start[0], e.start[1]}, maze.goal, rng);
        auto drive = [&](const std::vector<double>& states, const std::vector<double>&) {
            std::vector<double> actions;  // no episode ends early: row i is episode i
            for (size_t i = 0; 4 * i < states.size(); ++i) {
                const double* s = &states[4 * i];
                const Point a = controllers[i].action({{s[0], s[1]}, {s[2], s[3]}});
                actions.push_back(a.x), actions.push_back(a.y);
            }
            return actions;
        };
        auto at_random = [&](const std::vector<double>& states, const std::vector<double>&) {
            std::vector<double> actions(states.size() / 2);
            for (double& a : actions) a = rng.uniform(-1, 1);
            return actions;
        };
        double sum = 0;
        int64_t successes = 0;
        for (const Outcome& o : evaluate(sparse, episodes, Protocol::goal_conditioned, drive, 5, true)) {
            sum += o.sum_of_rewards / kEpisodes;
            successes += o.success;
            CHECK(int64_t(o.path.size()) == 4 * (maze.step_limit + 1));
            if (o.success) CHECK(double(o.steps) + o.sum_of_rewards >= double(maze.step_limit) * .9);
        }
        CHECK(successes == kEpisodes);
        // The expert has no memory of waypoints, so it cuts corners. It also reaches random goals.
        double expert = 0;
        for (const Outcome& o : evaluate(sparse, episodes, Protocol::goal_conditioned, sparse.expert, 5, false))
            expert += o.sum_of_rewards / kEpisodes;
        CHECK(expert > .95 * sum);
        CHECK(expert < 1.2 * sum);
        const std::vector<data::Episode> pairs = sparse.draw_pairs(40, 6);
        for (const Outcome& o : evaluate(sparse, pairs, Protocol::goal_conditioned, sparse.expert, 5, false))
            CHECK(o.success);
        for (const data::Episode& pair : pairs)
            CHECK_FALSE(maze.cell_of({pair.start[0], pair.start[1]}) == maze.cell_of({pair.goal[0], pair.goal[1]}));
        CHECK(sum == doctest::Approx(controlled).epsilon(.1));
        CHECK(data::normalised_score(sparse.spec(), sum) > 100);
        sum = 0;
        for (const Outcome& o : evaluate(sparse, episodes, Protocol::goal_conditioned, at_random, 5, false))
            sum += o.sum_of_rewards / kEpisodes;
        CHECK(sum == doctest::Approx(random).epsilon(.9));
    }
    const data::Environment &sparse = environment("maze2d-umaze-v1"), &dense = environment("maze2d-umaze-dense-v1");
    CHECK(data::normalised_score(sparse.spec(), 23.85) == doctest::Approx(0));
    CHECK(data::normalised_score(sparse.spec(), 161.86) == doctest::Approx(100));
    CHECK(data::normalised_score(dense.spec(), 193.66286) == doctest::Approx(100));
    const double goal[4] = {1, 1, 0, 0}, there[4] = {1.3, 1.4, 4, 4}, beyond[4] = {1.3, 1.41, 0, 0};
    CHECK(sparse.reward(there, goal) == 1);
    CHECK(sparse.reward(beyond, goal) == 0);
    CHECK(dense.reward(there, goal) == doctest::Approx(std::exp(-.5)));
}

TEST_CASE("maze2d: labels of a task are the rewards of the rows, from qpos; all masks are 1") {
    data::Dataset d;
    d.rows = 3, d.state_dim = 4, d.action_dim = d.qpos_dim = d.qvel_dim = 2;
    d.observations = {1, 1, 9, 9, 2, 1, 9, 9, 3, 1, 9, 9};
    d.actions.resize(6);
    d.terminals = {0, 0, 1};
    data::index_episodes(d);
    const data::Environment &sparse = environment("maze2d-umaze-v1"), &dense = environment("maze2d-umaze-dense-v1");
    const std::vector<double> goal = sparse.task(1).goal;
    data::TaskLabels labels = data::relabel_singletask(d, sparse, goal);
    CHECK(labels.rewards == std::vector<float>{1, 0, 0});
    CHECK(labels.masks == std::vector<float>{1, 1, 1});
    CHECK(labels.successes == 1);
    d.qpos = {2, 1, 1, 1, 3, 1}, d.qvel = {0, 0, 0, 0, 0, 0};
    CHECK(data::relabel_singletask(d, sparse, goal).rewards == std::vector<float>{0, 1, 0});
    labels = data::relabel_singletask(d, dense, goal);
    CHECK(labels.rewards[2] == doctest::Approx(std::exp(-2.)));
    CHECK(labels.masks == std::vector<float>{1, 1, 1});
}

TEST_CASE("maze2d: spliced and duplicated rows keep qpos and qvel; real transitions have no violations") {
    ThreadPool pool(2);
    auto backend = make_cpu_backend();
    const data::Environment& medium = environment("maze2d-medium-v1");
    Config config;
    apply_preset(config, "tiny");
    config.tdr.updates = 100, config.data.arrival_steps = 0;  // every row is travel
    Pipeline pipeline({*backend, pool, 8}, config, medium_data(30), std::nullopt, "maze2d-medium-v1");
    const data::Dataset &source = pipeline.recorded(), &inside = pipeline.train_data();
    // A chain of three real rows, of which the first is late, and one row of a bridge.
    const int64_t first = source.episode_start[1];
    Augmentation made;
    Chain chain;
    for (int64_t t = 0; t < 4; ++t) {
        const bool real = t < 3;
        const float* s = inside.observation(first + t);
        chain.observations.insert(chain.observations.end(), s, s + 4);
        if (!real) chain.observations[12] += .5f;
        chain.actions.insert(chain.actions.end(), inside.action(first + t), inside.action(first + t) + 2);
        chain.source_row.push_back(first + t), chain.target_row.push_back(-1), chain.attempt.push_back(-1);
        chain.ends.push_back(0);
    }
    made.chains.push_back(chain);
    const data::Dataset spliced =
        to_dataset(made, pipeline.train_rows(), pipeline.units(), pipeline.statistics(), medium.spec().qpos_columns);
    CHECK(spliced.qpos_dim == 2);
    CHECK(spliced.qvel_dim == 2);
    for (int64_t t = 0; t < 3; ++t)
        for (int64_t i = 0; i < 2; ++i) {
            CHECK(spliced.qpos[size_t(2 * t + i)] == source.qpos[size_t(2 * (first + t) + i)]);
            CHECK(spliced.qvel[size_t(2 * t + i)] == source.qvel[size_t(2 * (first + t) + i)]);
            CHECK(spliced.qpos[size_t(6 + i)] == spliced.observations[size_t(12 + i)]);
            CHECK(spliced.qvel[size_t(6 + i)] == spliced.observations[size_t(14 + i)]);
        }
    CHECK(spliced.qpos[0] != spliced.observations[0]);  // the late row
    CHECK(to_dataset(made, pipeline.train_rows(), pipeline.units(), pipeline.statistics(), 0).qpos.empty());

    Small::train(pipeline.tdr());
    const data::Dataset copies = augmenters::make_augmenter("duplicate", pipeline, 2)->make(2000, {});
    CHECK(copies.qpos.size() == size_t(2 * copies.rows));
    CHECK(late_rows(copies) > 0);
    CHECK(data::replay(medium, copies, {.1}, pool, "copies").real.worst < 1e-6);

    auto real = [&](const data::Dataset& rows) {
        return real_violation_rates(pipeline.train(), rows, pipeline.units(), pipeline.statistics(), {.1}, medium)
            .transition[0];
    };
    CHECK(real(source) == 0);
    data::Dataset seen = source;
    seen.qpos.clear(), seen.qvel.clear();
    CHECK(real(seen) > 0);  // replayed from observations

    // Novelty is measured in the position columns of the environment.
    data::Dataset turned = inside;
    for (int64_t t = 0; t < turned.rows; ++t) turned.observations[size_t(4 * t + 2)] += 3;
    CHECK(novelty(inside, turned, pipeline.statistics(), {0, 1}) == 0);
    CHECK(novelty(inside, turned, pipeline.statistics(), {}) == 0);
    CHECK(novelty(inside, turned, pipeline.statistics(), {2, 3}) > .5);
}
