// Subgoals at test time, and targets in the order of the source's own future: each compared with an exhaustive search.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "astro/goal_relabelling.h"
#include "astro/subgoal_search.h"
#include "astro/target_selection.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

TEST_CASE("subgoals: a near goal is its own subgoal; else the landmark in reach from which the goal is nearest") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    constexpr double kReach = 14;
    const SubgoalSearch search(s.pipeline->context(), s.pipeline->tdr(), map, kReach);
    std::vector<float> states, goals;
    std::vector<int64_t> from, to;
    Rng rng(6);
    for (int i = 0; i < 60; ++i) {
        const int64_t row = rng.below(d.rows - 5);
        from.push_back(row), to.push_back(i % 4 == 0 ? row + 2 : rng.below(d.rows));
        states.insert(states.end(), d.observation(row), d.observation(row + 1));
        goals.insert(goals.end(), d.observation(to.back()), d.observation(to.back() + 1));
    }
    const std::vector<float> chosen = search.subgoals(states, goals);
    int64_t near = 0, led = 0;
    for (size_t i = 0; i < from.size(); ++i) {
        const float* got = chosen.data() + 2 * i;
        const int64_t goal = map.landmark_of[size_t(to[i])], here = map.landmark_of[size_t(from[i])];
        auto to_goal = [&](int64_t k) { return map.closed[size_t(k * map.landmarks() + goal)]; };
        if (map.graph_distance(from[i], to[i]) <= kReach || map.steps(from[i], map.landmark[size_t(goal)]) <= kReach) {
            ++near;
            CHECK(std::equal(got, got + 2, goals.data() + 2 * i));
            continue;
        }
        int64_t best = -1;
        for (int64_t k = 0; k < map.landmarks(); ++k)
            if (map.steps(from[i], map.landmark[size_t(k)]) <= kReach && to_goal(k) < to_goal(here) &&
                (best < 0 || to_goal(k) < to_goal(best)))
                best = k;
        if (best < 0) continue;
        ++led;
        CHECK(std::equal(got, got + 2, d.observation(map.landmark[size_t(best)])));
    }
    CHECK(near > 5);
    CHECK(led > 20);
}

TEST_CASE("subgoals: from subgoal to subgoal, every goal that the graph reaches becomes its own subgoal") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    Rng rng(9);
    for (double reach : {3.0, 14.0, 40.0}) {  // below and above the length of edges
        const SubgoalSearch search(s.pipeline->context(), s.pipeline->tdr(), map, reach);
        for (int i = 0; i < 20; ++i) {
            const int64_t start = rng.below(d.rows), end = rng.below(d.rows);
            if (!std::isfinite(map.graph_distance(start, end))) continue;
            std::vector<float> at(d.observation(start), d.observation(start + 1)),
                goal(d.observation(end), d.observation(end + 1));
            int64_t steps = 0;
            for (; at != goal && steps <= map.landmarks(); ++steps) at = search.subgoals(at, goal);
            CHECK(at == goal);
        }
    }
}

TEST_CASE("targets: the approach of a target is the nearest row of the source's own future") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    const std::vector<double>& sigma = s.pipeline->statistics().sigma_delta;
    SelectionConfig selection = s.config.selection;
    selection.bridge_length = BridgeLength::nearest;
    const TargetIndex index(s.pool, selection, map, s.pipeline->statistics(), s.config.planner.gap + 1,
                            s.config.planner.context, 1);
    Rng rng(7);
    for (int i = 0; i < 200; ++i) {
        const int64_t source = rng.below(d.rows), target = rng.below(d.rows);
        const int64_t last = map.data->last(map.data->segment(source));
        double smallest = HUGE_VAL;
        int64_t at = -1;
        for (int64_t gap : {8, 6, 4}) {
            double square = 0;
            for (int64_t x = 0; x < 2; ++x)
                square += std::pow((double(d.observation(std::min(source + gap + 1, last))[x]) -
                                    double(d.observation(target)[x])) /
                                       sigma[size_t(x)],
                                   2) /
                          2;
            if (std::sqrt(square) < smallest) smallest = std::sqrt(square), at = gap;
        }
        const TargetIndex::Approach found = index.approach(source, target);
        CHECK(found.gap == at);
        CHECK(index.gap_of(source, target) == at);
        CHECK(found.distance == doctest::Approx(smallest));
    }
}

TEST_CASE("trajectories: actions from a row on; the last one of the segment is repeated") {
    Small& s = small();
    const Trajectories& t = s.pipeline->train();
    const data::Dataset& d = *t.dataset;
    const int64_t last = t.last(3);
    const std::vector<float> actions = actions_from(t, last - 3, 6);
    REQUIRE(actions.size() == 12);
    for (int64_t j = 0; j < 6; ++j)
        for (int64_t x = 0; x < 2; ++x)
            CHECK(actions[size_t(2 * j + x)] == d.action(std::min(last - 3 + j, last - 1))[x]);
}

TEST_CASE("goal relabelling: the hindsight goal lies on the way to each, on the landmark graph") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    RelabelConfig config;
    config.share = 1, config.tries = 32;
    const auto relabeller = [&] { return GoalRelabeller(s.pipeline->context(), config, map, map.latent); };
    const GoalRelabeller goals = relabeller();
    auto closed = [&](int64_t a, int64_t b) {
        return double(map.closed[size_t(map.landmark_of[size_t(a)]) * size_t(map.landmarks()) +
                                 size_t(map.landmark_of[size_t(b)])]);
    };
    Rng rng(11);
    int64_t replaced = 0, outside = 0, too_near = 0;
    for (int64_t i = 0; i < 400; ++i) {
        const int64_t row = s.pipeline->train().begin(i % s.pipeline->train().count()) + rng.below(60), near = row + 30;
        const int64_t goal = goals.draw(row, near, row + 16, rng).row;
        if (closed(row, near) < config.least_steps) {
            ++too_near;
            CHECK(goal == -1);
        } else if (goal >= 0) {
            ++replaced;
            outside += d.episode_of[size_t(goal)] != d.episode_of[size_t(row)];
            CHECK(closed(row, goal) - closed(near, goal) >= config.progress * closed(row, near));
        }
    }
    CHECK(replaced > 50);
    CHECK(outside > replaced / 2);
    CHECK(too_near > 0);

    config.share = 0;
    for (int64_t i = 0; i < 50; ++i) CHECK(relabeller().draw(i, i + 30, i + 16, rng).row == -1);
}

TEST_CASE("goal relabelling, weighted: any row is a goal; its weight grows with the progress of the following steps") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    RelabelConfig config;
    config.rule = RelabelRule::weighted, config.share = 1, config.beta = 2;
    const GoalRelabeller goals(s.pipeline->context(), config, map, map.latent);
    CHECK(goals.weighted());
    Rng rng(12);
    int64_t away = 0, towards = 0;
    for (int64_t i = 0; i < 400; ++i) {
        const int64_t row = s.pipeline->train().begin(i % s.pipeline->train().count()) + rng.below(60),
                      ahead = row + 12;
        const GoalRelabeller::Goal goal = goals.draw(row, row + 30, ahead, rng);
        if (goal.row < 0) continue;  // of another component
        const auto closed = [&](int64_t from) {
            return double(map.closed[size_t(map.landmark_of[size_t(from)]) * size_t(map.landmarks()) +
                                     size_t(map.landmark_of[size_t(goal.row)])]);
        };
        const double steps = closed(row) - closed(ahead);
        CHECK(goal.weight == doctest::Approx(std::exp(2 * (std::min(1.0, std::max(-1.0, steps / 12)) - 1))));
        CHECK(goal.row < d.rows);
        if (steps > 4) ++towards;
        if (steps < -4) ++away;
    }
    CHECK(away > 20);
    CHECK(towards > 50);
    CHECK(goals.draw(5, 5, 5, rng).row == -1);  // the last row of an episode: nothing follows
}
