// D4RL's maze2d as environments. A state is the position and velocity of a ball, an action is a force. There is one
// environment with the sparse and one with the dense reward for each maze.
#include <algorithm>
#include <cmath>

#include "data/environments/environments.h"
#include "data/environments/maze2d_collect.h"
#include "data/environments/maze_survey.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

BallState ball_of(const double* s) { return {{s[0], s[1]}, {s[2], s[3]}}; }
std::vector<double> columns_of(const BallState& b) { return {b.position.x, b.position.y, b.velocity.x, b.velocity.y}; }

class Balls : public data::Agents {
  public:
    Balls(const Grid& grid, const std::vector<data::Episode>& episodes) : grid_(grid) {
        for (const data::Episode& e : episodes) states_.insert(states_.end(), e.start.begin(), e.start.end());
    }

    const std::vector<double>& states() const override { return states_; }

    void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) override {
        for (size_t i = 0; i < agents.size(); ++i) {
            double* s = states_.data() + 4 * agents[i];
            const std::vector<double> next =
                columns_of(step_ball(grid_, ball_of(s), actions[2 * i], actions[2 * i + 1]));
            std::copy(next.begin(), next.end(), s);
        }
    }

  private:
    const Grid& grid_;
    std::vector<double> states_;
};

class Maze2dEnvironment : public MazeEnvironment {
  public:
    Maze2dEnvironment(const Maze2d& maze, bool dense) : MazeEnvironment(maze, kBallRadius, 4), maze_(maze) {
        spec_.name = "maze2d-" + maze.name + (dense ? "-dense-v1" : "-v1");
        spec_.action_dim = 2;
        spec_.tasks = 1;
        spec_.step_limit = maze.step_limit;
        spec_.tolerance = .5;
        spec_.ends_with_success = false;
        spec_.random_return = maze.random_return[dense], spec_.expert_return = maze.expert_return[dense];
        spec_.gamma = maze.name == "large" ? .995 : .99;
        exact_step = [&maze](const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next;
            next.reserve(states.size());
            for (size_t i = 0; 4 * i < states.size(); ++i) {
                const double s[4] = {states[4 * i], states[4 * i + 1], states[4 * i + 2], states[4 * i + 3]};
                for (double v : columns_of(step_ball(maze, ball_of(s), actions[2 * i], actions[2 * i + 1])))
                    next.push_back(v);
            }
            return next;
        };
        reward = [this, dense](const double* state, const double* goal) {
            if (dense) return std::exp(-distance(state, goal));
            return success(state, goal) ? 1. : 0.;
        };
        // The controller of D4RL's generator, without noise and without a memory of waypoints.
        expert = [this](const std::vector<double>& states, const std::vector<double>& goals) {
            std::vector<double> forces;
            for (size_t i = 0; i + 3 < states.size(); i += 4) {
                const Point at{states[i], states[i + 1]}, goal{goals[i], goals[i + 1]};
                const Cell last = maze_.cell_of(goal), next = paths().next(maze_.cell_of(at), last);
                const Point force = waypoint_force(ball_of(states.data() + i), next == last ? goal : place(next));
                forces.push_back(force.x), forces.push_back(force.y);
            }
            return forces;
        };
        generate = [this](const data::CollectSpec& wanted, std::string_view part, ThreadPool&) {
            return collect_maze2d(
                maze_, {wanted.episodes, longest_generated(wanted), std::max(0., wanted.noise), wanted.seed}, part);
        };
    }

    int64_t longest_generated(const data::CollectSpec& wanted) const override {
        if (wanted.type != "auto")
            fail(ErrorKind::usage, spec_.name, " has only one type of data, not '", wanted.type,
                 "'; hint: omit the type");
        return wanted.episode_rows > 0 ? wanted.episode_rows : maze_.step_limit + 1;
    }

    // The start is the cell that is farthest from the goal. Both velocities are 0.
    data::Episode task(int64_t number) const override {
        const std::vector<int> steps = maze_.steps_to(maze_.goal);
        Cell start = maze_.goal;
        for (const Cell& c : maze_.free_cells())
            if (nth(steps, maze_.index(c)) > nth(steps, maze_.index(start))) start = c;
        return {number, columns_of({place(start), {}}), columns_of({place(maze_.goal), {}})};
    }

    // D4RL's only task has a fixed goal and random starts. The protocol makes no difference.
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol,
                                             uint64_t seed) const override {
        return data::draw_each(tasks, each, seed, [&](int64_t number, Rng& rng) {
            data::Episode episode = task(number);
            episode.start = columns_of(reset_ball(maze_, rng));
            return episode;
        });
    }

    // Starts as in D4RL's task, goals at the place of a cell.
    std::vector<data::Episode> draw_pairs(int64_t pairs, uint64_t seed) const override {
        return data::draw_each({0}, pairs, seed, [&](int64_t, Rng& rng) {
            const auto [from, to] = maze_.random_pair(rng);
            data::Episode episode;
            episode.start = columns_of(reset_ball(from, rng)), episode.goal = columns_of({place(to), {}});
            return episode;
        });
    }

    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>& episodes, uint64_t) const override {
        return std::make_unique<Balls>(maze_, episodes);
    }

  private:
    const Maze2d& maze_;
};

}  // namespace

}  // namespace astro::maze

namespace astro::data {

Environments make_maze2d() {
    Environments all;
    for (const char* name : {"umaze", "medium", "large"})
        for (bool dense : {false, true})
            all.push_back(std::make_unique<maze::Maze2dEnvironment>(maze::maze2d(name), dense));
    return all;
}

}  // namespace astro::data
