// The cart in two rooms: its physics against rectangles instead of cells, what the generator records and what it leaves
// out, tasks and their solution.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "astro/evaluate.h"
#include "data/environment.h"
#include "data/replay.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"

using namespace astro;
using namespace astro::method;

namespace {

constexpr double kMiddle = 19;  // x of the middle of the door, which is from 18 to 20

const data::Environment& cart() { return *data::find_environment("cart-tworooms-v0"); }

data::Dataset recorded(int64_t episodes, int threads = 2, double noise = -1, const char* part = "train") {
    ThreadPool pool(threads);
    return cart().generate({"auto", episodes, 0, noise, 1}, part, pool);
}

// How far a square of side 1 at (x, y) reaches into a wall along both axes; 0: not at all.
double depth_in_walls(double x, double y) {
    double depth = 0;
    for (const data::WorldPicture::Rectangle& r : cart().picture()->walls)
        depth = std::max(depth, std::min(std::min(x + .5 - r.x, r.x + r.width - (x - .5)),
                                         std::min(y + .5 - r.y, r.y + r.height - (y - .5))));
    return depth;
}

// One step by rectangles: along each axis, the nearest surface ahead that the square would pass stops it.
void step_by_rectangles(double* s, const double* action) {
    for (int axis : {0, 1}) {
        double &at = s[axis], &speed = s[axis + 2];
        const double across = s[1 - axis];
        speed = std::clamp(.95 * speed + .03 * std::clamp(action[axis], -1., 1.), -1., 1.);
        double to = at + speed;
        bool stopped = false;
        for (const data::WorldPicture::Rectangle& r : cart().picture()->walls) {
            const double low = axis == 0 ? r.x : r.y, size = axis == 0 ? r.width : r.height;
            const double side = axis == 0 ? r.y : r.x, side_size = axis == 0 ? r.height : r.width;
            if (across + .5 <= side || across - .5 >= side + side_size) continue;  // it passes beside the wall
            if (at + .5 <= low && to + .5 > low) to = low - .5, stopped = true;
            if (at - .5 >= low + size && to - .5 < low + size) to = low + size + .5, stopped = true;
        }
        at = to;
        if (stopped) speed = 0;
    }
}

}  // namespace

TEST_CASE("cart: steps equal those by rectangles; walls stop it, and no step ends in a wall") {
    Rng rng(3);
    double worst = 0;
    int64_t contacts = 0, checked = 0;
    while (checked < 20000) {
        std::vector<double> s = {rng.uniform(2, 36), rng.uniform(2, 18), rng.uniform(-1.2, 1.2),
                                 rng.uniform(-1.2, 1.2)};
        if (rng.below(2) == 0) s[0] = kMiddle + rng.uniform(-3, 3), s[1] = rng.uniform(2, 8);  // near the door
        if (depth_in_walls(s[0], s[1]) > 0) continue;
        ++checked;
        const std::vector<double> a = {rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5)};
        const std::vector<double> next = cart().exact_step(s, a);
        CHECK(depth_in_walls(next[0], next[1]) == 0);
        contacts += next[2] == 0 || next[3] == 0;
        step_by_rectangles(s.data(), a.data());
        for (size_t i = 0; i < 4; ++i) worst = std::max(worst, std::fabs(next[i] - s[i]));
    }
    CHECK(contacts > 500);
    CHECK(worst < 1e-12);
    // Without forces it rolls on. 1 unit per step is the largest speed.
    const std::vector<double> rolled = cart().exact_step({10, 10, .2, -.1}, {0, 0});
    for (const auto& [i, wanted] : std::vector<std::pair<int, double>>{{0, 10.19}, {1, 9.905}, {2, .19}, {3, -.095}})
        CHECK(rolled[to_size(i)] == doctest::Approx(wanted));
    CHECK(cart().exact_step({10, 10, 9, 0}, {1, 0})[2] == 1);
}

TEST_CASE("cart: a predicted position in a wall is first moved to the nearest free place") {
    const std::vector<std::array<double, 4>> cases = {{17.8, 10, 17.5, 10}, {20.1, 10, 20.5, 10}, {1, 10, 2.5, 10},
                                                      {10, 30, 10, 17.5},   {19, 5.7, 19, 5.5},   {19, 1, 19, 2.5}};
    for (const auto& [x, y, free_x, free_y] : cases) {
        const std::vector<double> next = cart().exact_step({x, y, 0, 0}, {0, 0});
        CHECK(next[0] == doctest::Approx(free_x));
        CHECK(next[1] == doctest::Approx(free_y));
    }
    // Every state, however wrong, leads to a place without a wall.
    Rng rng(4);
    for (int64_t k = 0; k < 5000; ++k) {
        const std::vector<double> s = {rng.uniform(-9, 47), rng.uniform(-9, 29), rng.uniform(-2, 2),
                                       rng.uniform(-2, 2)};
        const std::vector<double> next = cart().exact_step(s, {rng.uniform(-1, 1), rng.uniform(-1, 1)});
        CHECK(depth_in_walls(next[0], next[1]) == 0);
    }
}

TEST_CASE("cart: episodes fill both rooms and reach the door from both sides; none leads through it") {
    const data::Dataset d = recorded(300);
    CHECK(d.episodes() == 300);
    CHECK(d.rows == 300 * 81);
    int64_t in_door[2] = {}, rows[2] = {};
    for (int64_t e = 0; e < d.episodes(); ++e) {
        const bool right = e % 2 == 1;
        for (int64_t t = nth(d.episode_start, e); t <= d.episode_end(e); ++t) {
            const double x = d.state(t, 0), y = d.state(t, 1);
            CHECK((right ? x >= 18 : x <= 20));
            CHECK(depth_in_walls(x, y) == 0);
            ++rows[right];
            in_door[right] += std::fabs(x - kMiddle) < 1;
        }
    }
    for (int side : {0, 1}) {
        CHECK(rows[side] == 150 * 81);
        CHECK(in_door[side] > rows[side] / 20);
    }
    // More noise on forces, and more episodes that have to be recorded again: still none crosses.
    const data::Dataset noisy = recorded(100, 2, 3, "val");
    for (int64_t t = 0; t < noisy.rows; ++t)
        CHECK((nth(noisy.episode_of, t) % 2 == 1 ? noisy.state(t, 0) >= 18 : noisy.state(t, 0) <= 20));
}

TEST_CASE("cart: recorded rows replay exactly, one wrong action is found, any number of threads records the same") {
    ThreadPool pool(2);
    const data::Dataset d = recorded(100);
    CHECK(data::replay(cart(), d, {.1}, pool, "data").real.worst < 1e-5);
    data::Dataset moved = d;
    moved.actions[2 * 777] = moved.actions[2 * 777] > 0 ? -1.f : 1.f;
    const data::Replay wrong = data::replay(cart(), moved, {.1}, pool, "data");
    CHECK(wrong.real.worst > 1e-2);
    CHECK(wrong.real.worst_row == 777);
    const data::Dataset again = recorded(100, 3), other = recorded(100, 2, -1, "val");
    CHECK(again.observations == d.observations);
    CHECK(again.actions == d.actions);
    CHECK(other.observations != d.observations);
    CHECK_THROWS_AS(cart().generate({"stitch", 2, 0, -1, 1}, "train", pool), Error);
}

TEST_CASE(
    "cart: every task leads through the door, which can be crossed in time; the straight way fails but in task 5") {
    const data::EnvironmentSpec& spec = cart().spec();
    const std::vector<data::Episode> episodes =
        cart().draw_episodes({1, 2, 3, 4, 5}, 10, Protocol::goal_conditioned, 7);
    for (const data::Episode& e : episodes) {
        CHECK((e.start[0] - kMiddle) * (e.goal[0] - kMiddle) < 0);
        for (size_t axis : {size_t{0}, size_t{1}}) {
            CHECK(std::fabs(e.start[axis] - cart().task(e.task).start[axis]) <= 1);
            CHECK(std::fabs(e.goal[axis] - cart().task(e.task).goal[axis]) <= 1);
        }
        const std::vector<float> from(e.start.begin(), e.start.end()), to(e.goal.begin(), e.goal.end());
        const double way = cart().geodesics(from.data(), {to.data()})[0],
                     straight = std::hypot(double(to[0] - from[0]), double(to[1] - from[1]));
        CHECK(way > straight * (e.task < 5 ? 1.1 : .99));
        CHECK(way < straight * (e.task < 5 ? 2. : 1.05));
    }
    CHECK(cart().draw_episodes({1}, 1, Protocol::single_task, 7)[0].goal == cart().task(1).goal);
    // Forces towards a place, and against the velocity.
    auto towards = [](const double* s, double x, double y, std::vector<double>& actions) {
        actions.push_back(2 * (x - s[0]) - 14.7 * s[2]), actions.push_back(2 * (y - s[1]) - 14.7 * s[3]);
    };
    for (const bool knows_the_door : {false, true}) {
        auto drive = [&](const std::vector<double>& states, const std::vector<double>& goals) {
            std::vector<double> actions;
            for (size_t i = 0; i < states.size(); i += 4) {
                const double *s = &states[i], *g = &goals[i];
                const double side = g[0] > kMiddle ? 1 : -1, ahead = (s[0] - kMiddle) * side;
                const bool before = ahead<1.5, in_line = s[1]> 2.7 && s[1] < 5.3;
                if (!knows_the_door || !before)
                    towards(s, g[0], g[1], actions);
                else
                    towards(s, kMiddle + side * (in_line || ahead > -1.5 ? 3 : -3), 4, actions);
            }
            return actions;
        };
        std::vector<int64_t> won(6);
        const std::vector<Outcome> outcomes = evaluate(cart(), episodes, Protocol::goal_conditioned, drive, 7, false);
        for (size_t i = 0; i < outcomes.size(); ++i) won[to_size(episodes[i].task)] += outcomes[i].success;
        for (int64_t task = 1; task <= spec.tasks; ++task) {
            CHECK(won[to_size(task)] == (knows_the_door || task == 5 ? 10 : 0));
        }
    }
}

TEST_CASE("cart: name, picture and dimensions") {
    CHECK(data::dataset_name(cart(), "auto") == "cart-tworooms-v0");
    CHECK(data::find_environment("cart-tworooms-v1") == nullptr);
    CHECK(cart().spec().state_dim == 4);
    CHECK(cart().spec().qpos_columns == 0);
    const data::WorldPicture& picture = *cart().picture();
    CHECK(picture.bounds.width == 38);
    CHECK(picture.bounds.height == 20);
    CHECK(picture.states.size() % 4 == 0);
}
