// Point mazes: MuJoCo's trajectories, OGBench's file, statistics of the generator, geodesics, evaluation.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "astro/evaluate.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "data/environments/maze_geodesic.h"
#include "data/environments/pointmaze_agent.h"
#include "data/environments/pointmaze_collect.h"
#include "data/replay.h"
#include "tensor/base/error.h"

using namespace astro;
using namespace astro::method;
using namespace astro::maze;

namespace {

data::Dataset stitch_data(const char* name, int64_t episodes, int threads = 2) {
    ThreadPool pool(threads);
    CollectSpec spec;
    spec.episodes = episodes, spec.seed = 1;
    return collect(layout(name), spec, "train", pool);
}

}  // namespace

TEST_CASE("physics: equals MuJoCo's trajectories to 1e-9, step by step and free-running") {
    for (const char* name : {"medium", "large", "giant", "teleport"}) {
        std::ifstream file(std::string("tests/golden/pointmaze_") + name + ".txt");
        REQUIRE(file.good());
        std::string line;
        State stored, running;
        double worst = 0;
        int steps = 0, contacts = 0;
        while (std::getline(file, line)) {
            if (line[0] == '#') continue;
            std::istringstream fields(line);
            double episode, step, ax, ay;
            State next;
            fields >> episode >> step >> ax >> ay >> next.position.x >> next.position.y >> next.velocity.x >>
                next.velocity.y;
            if (step >= 0) {
                const State once = step_point(layout(name), stored.position, ax, ay);
                running = step_point(layout(name), running.position, ax, ay);
                for (const State& s : {once, running})
                    for (double e : {s.position.x - next.position.x, s.position.y - next.position.y,
                                     s.velocity.x - next.velocity.x, s.velocity.y - next.velocity.y})
                        worst = std::max(worst, std::fabs(e));
                ++steps;
                contacts += next.velocity.x != 0 || next.velocity.y != 0;
            } else {
                running = next;
            }
            stored = next;
        }
        CHECK(steps == 900);
        CHECK(contacts > 100);
        CHECK(worst < 1e-9);
    }
}

TEST_CASE("replay: all transitions of OGBench's file agree, and a displacement of 0.01 is found") {
    const std::string path = "../shared/data/ogbench/pointmaze-medium-stitch-v0.npz";
    if (!std::ifstream(path)) {
        MESSAGE("skipped: OGBench's file is not next to the repository");
        return;
    }
    ThreadPool pool(2);
    data::Dataset d = data::load_dataset(path, &pool);
    const data::Environment& medium = *data::find_environment("pointmaze-medium-v0");
    data::Replay r = data::replay(medium, d, {0.1, 0.5}, pool, path);
    CHECK(r.real.rates.transitions == 1000000);
    CHECK(r.real.worst < 4e-6);
    CHECK(r.real.rates.transition == std::vector<double>{0, 0});
    d.qpos[2 * 12345] += 0.01f;
    r = data::replay(medium, d, {0.01}, pool, path);
    CHECK(r.real.worst_row == 12345);
    CHECK(r.real.worst > 0.009);
    CHECK(r.real.rates.transition[0] == doctest::Approx(1e-6));
}

TEST_CASE("generator: OGBench's statistics in 500 episodes, exact transitions, any number of threads") {
    const data::Dataset d = stitch_data("medium", 500);
    CHECK(d.rows == 500 * 201);
    CHECK(d.episodes() == 500);
    double mean[2] = {}, square = 0, velocity = 0;
    int64_t contacts = 0;
    for (int64_t t = 0; t < d.rows; ++t) {
        for (int i = 0; i < 2; ++i) mean[i] += double(d.observation(t)[i]) / double(d.rows);
        square += double(d.action(t)[0]) * double(d.action(t)[0]) / double(d.rows);
        velocity += double(d.qvel[size_t(2 * t)]) * double(d.qvel[size_t(2 * t)]) / double(d.rows);
        contacts += t % 201 != 0 && (d.qvel[size_t(2 * t)] != 0 || d.qvel[size_t(2 * t + 1)] != 0);
    }
    CHECK(mean[0] == doctest::Approx(9.5).epsilon(0.06));
    CHECK(mean[1] == doctest::Approx(10.4).epsilon(0.06));
    CHECK(std::sqrt(square) == doctest::Approx(0.708).epsilon(0.02));
    CHECK(std::sqrt(velocity) == doctest::Approx(0.026).epsilon(0.25));
    CHECK(double(contacts) / double(d.rows) == doctest::Approx(0.0024).epsilon(0.4));
    ThreadPool pool(2);
    const data::Replay r = data::replay(*data::find_environment("pointmaze-medium-v0"), d, {0.1}, pool, "data");
    CHECK(r.real.worst < 4e-6);
    const data::Dataset again = stitch_data("medium", 500, 3);
    CHECK(again.observations == d.observations);
    CHECK(again.actions == d.actions);
    CHECK(again.qvel == d.qvel);
}

TEST_CASE("generator: observations lag behind qpos at teleports, and the replay is still exact") {
    const data::Dataset d = stitch_data("teleport", 200);
    int64_t jumps = 0;
    for (int64_t t = 0; t < d.rows; ++t)
        jumps += std::fabs(d.observation(t)[0] - d.qpos[size_t(2 * t)]) +
                     std::fabs(d.observation(t)[1] - d.qpos[size_t(2 * t + 1)]) >
                 1;
    CHECK(jumps > 10);
    ThreadPool pool(1);
    CHECK(data::replay(*data::find_environment("pointmaze-teleport-v0"), d, {0.1}, pool, "data").real.worst < 4e-6);
}

TEST_CASE("layout: tasks, hallways and names") {
    const std::vector<std::pair<const char*, std::vector<int>>> lengths = {{"medium", {10, 10, 6, 10, 8}},
                                                                           {"large", {15, 19, 12, 14, 15}},
                                                                           {"giant", {30, 26, 30, 26, 17}},
                                                                           {"teleport", {19, 15, 10, 21, 15}}};
    const std::vector<std::pair<size_t, size_t>> cells = {{26, 21}, {46, 22}, {86, 46}, {45, 24}};
    for (size_t m = 0; m < lengths.size(); ++m) {
        const Layout& l = layout(lengths[m].first);
        CHECK(l.free_cells().size() == cells[m].first);
        CHECK(l.vertex_cells().size() == cells[m].second);
        for (size_t t = 0; t < 5; ++t)
            CHECK(l.steps_to(l.tasks[t].goal)[size_t(l.index(l.tasks[t].start))] == lengths[m].second[t]);
    }
    EnvironmentName name;
    CHECK(parse_environment("pointmaze-large-stitch-singletask-task3-v0", name));
    CHECK(name.maze == "large");
    CHECK(name.type == "stitch");
    CHECK(name.task == 3);
    CHECK_FALSE(parse_environment("antmaze-large-v0", name));
    CHECK_FALSE(parse_environment("pointmaze-large", name));
    CHECK_THROWS_AS(layout("huge"), Error);
}

TEST_CASE("geodesic: straight paths, paths around walls, symmetry") {
    const GeodesicMap map(layout("large"), kRadius);
    const Point a = centre({1, 1}), b = centre({1, 4}), c = centre({3, 1});
    const std::vector<float> from = map.distances_from(a);
    CHECK(map.at(from, b) == doctest::Approx(12).epsilon(0.02));
    CHECK(map.at(from, c) == doctest::Approx(8).epsilon(0.02));
    CHECK(map.at(from, {a.x + 1, a.y + .5}) == doctest::Approx(std::sqrt(1.25)));  // two knight's moves
    // Distances of neighbouring points differ by at most the length of a move.
    for (int64_t iy = 0; iy + 1 < map.height(); ++iy)
        for (int64_t ix = 0; ix + 1 < map.width(); ++ix) {
            auto d = [&](int64_t x, int64_t y) { return double(from[size_t(y * map.width() + x)]); };
            CHECK((d(ix, iy) >= 0) == map.free(ix, iy));
            if (!map.free(ix, iy)) continue;
            if (map.free(ix + 1, iy)) CHECK(std::fabs(d(ix, iy) - d(ix + 1, iy)) <= .25001);
            if (map.free(ix, iy + 1)) CHECK(std::fabs(d(ix, iy) - d(ix, iy + 1)) <= .25001);
        }
    const Point goal = centre({7, 10});
    const double forth = map.at(from, goal), back = map.at(map.distances_from(goal), a);
    CHECK(forth == doctest::Approx(back).epsilon(1e-5));
    CHECK(forth > 45);  // 15 cells of 4 units, corners cut
    CHECK(forth < 60);
}

TEST_CASE("evaluation: the expert succeeds, standing still does not; success on s and on s'") {
    const Layout& l = layout("medium");
    const data::Environment& e = *data::find_environment("pointmaze-medium-stitch-v0");
    const std::vector<data::Episode> episodes = e.draw_episodes({1, 2, 3, 4, 5}, 4, Protocol::goal_conditioned, 3);
    CHECK(episodes.size() == 20);
    CHECK(episodes[19].task == 5);
    CHECK(episodes[0].goal[0] != centre(l.tasks[0].goal).x);
    CHECK(e.draw_episodes({1}, 1, Protocol::single_task, 3)[0].goal == e.task(1).goal);
    auto still = [](const std::vector<double>& at, const std::vector<double>&) {
        return std::vector<double>(at.size(), 0.0);
    };
    double steps = 0;
    for (const Outcome& o : evaluate(e, episodes, Protocol::goal_conditioned, e.expert, 3, false)) {
        CHECK(o.success);
        steps += double(o.steps) / 20;
    }
    CHECK(steps == doctest::Approx(138).epsilon(0.1));  // mean of tasks 1 to 5 for a BFS oracle: 161, 159, 89, 155, 128
    for (const Outcome& o : evaluate(e, episodes, Protocol::goal_conditioned, still, 3, false)) {
        CHECK_FALSE(o.success);
        CHECK(o.steps == 1000);
    }
    // At the goal, success is immediate on s and on s', and both count one step.
    const data::Episode there{1, {0, 0}, {0, 0}};
    for (Protocol p : {Protocol::goal_conditioned, Protocol::single_task})
        CHECK(evaluate(e, {there}, p, still, 1, true)[0].steps == 1);
    // Arrival in the first step is detected one step later if success depends on s.
    data::Episode near = there;
    near.start[0] -= 1.1;
    auto right = [](const std::vector<double>&, const std::vector<double>&) { return std::vector<double>{1, 0}; };
    CHECK(evaluate(e, {near}, Protocol::goal_conditioned, right, 1, false)[0].steps == 1);
    CHECK(evaluate(e, {near}, Protocol::single_task, right, 1, false)[0].steps == 2);
}

TEST_CASE("evaluation: random pairs have a path, and the expert takes nearly the shortest one") {
    for (const char* name : {"medium", "large", "giant"}) {
        const Layout& l = layout(name);
        const data::Environment& e = *data::find_environment(std::string("pointmaze-") + name + "-v0");
        const std::vector<data::Episode> pairs = e.draw_pairs(40, 5);
        REQUIRE(pairs.size() == 40);
        const std::vector<data::Episode> again = e.draw_pairs(40, 5), others = e.draw_pairs(40, 6);
        CHECK(again[7].start == pairs[7].start);
        CHECK(others[7].start != pairs[7].start);
        std::vector<Cell> starts;
        const std::vector<Outcome> outcomes = evaluate(e, pairs, Protocol::goal_conditioned, e.expert, 5, false);
        for (size_t i = 0; i < pairs.size(); ++i) {
            const Point from{pairs[i].start[0], pairs[i].start[1]}, to{pairs[i].goal[0], pairs[i].goal[1]};
            CHECK_FALSE(l.wall(l.cell_of(from)));
            CHECK_FALSE(l.wall(l.cell_of(to)));
            CHECK_FALSE(l.cell_of(from) == l.cell_of(to));
            starts.push_back(l.cell_of(from));
            REQUIRE(outcomes[i].success);
            // A step has length .2, and success is at a distance of 1. The expert does not cut corners of its path of
            // cells, which is at most the sum of both axes: a factor of sqrt(2), and detours to cells' centres.
            const std::vector<float> s = {float(from.x), float(from.y)}, g = {float(to.x), float(to.y)};
            const double shortest = (e.geodesics(s.data(), {g.data()})[0] - kGoalTolerance) / .2;
            CHECK(double(outcomes[i].steps) >= shortest - 2);
            CHECK(double(outcomes[i].steps) <= 1.42 * shortest + 30);
        }
        CHECK(std::count(starts.begin(), starts.end(), starts[0]) < 10);  // not always the same cell
    }
}
