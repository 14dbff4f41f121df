// OGBench's point mazes as environments. A state is the position of the point, which is the whole qpos.
#include <algorithm>

#include "data/environments/environments.h"
#include "data/environments/maze_survey.h"
#include "data/environments/pointmaze_agent.h"
#include "data/environments/pointmaze_collect.h"
#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

std::vector<double> coordinates(Point p) { return {p.x, p.y}; }

class PointAgents : public data::Agents {
  public:
    PointAgents(const Layout& layout, const std::vector<data::Episode>& episodes, uint64_t seed) {
        for (size_t e = 0; e < episodes.size(); ++e) {
            const std::vector<double>& start = episodes[e].start;
            agents_.emplace_back(layout, Point{start[0], start[1]}, Point{},
                                 Rng(seed).stream("evaluation/portals").stream(e));
            states_.insert(states_.end(), start.begin(), start.end());
        }
    }

    const std::vector<double>& states() const override { return states_; }

    void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) override {
        for (size_t i = 0; i < agents.size(); ++i) {
            const auto e = to_size(agents[i]);
            agents_[e].step(actions[2 * i], actions[2 * i + 1]);
            const Point observed = agents_[e].observation();
            states_[2 * e] = observed.x, states_[2 * e + 1] = observed.y;
        }
    }

  private:
    std::vector<PointMaze> agents_;
    std::vector<double> states_;
};

class PointMazeEnvironment : public MazeEnvironment {
  public:
    explicit PointMazeEnvironment(const Layout& layout) : MazeEnvironment(layout, kRadius, 2), layout_(layout) {
        spec_.name = "pointmaze-" + layout.name + "-v0";
        spec_.action_dim = 2;
        spec_.tasks = ssize(layout.tasks);
        spec_.step_limit = kStepLimit;
        spec_.tolerance = kGoalTolerance;
        spec_.data_type = "stitch";
        spec_.gamma = layout.name == "medium" ? .99 : layout.name == "giant" ? .998 : .995;
        spec_.policy_updates = layout.name == "giant" ? 40000 : 20000;
        exact_step = [&layout](const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next;
            next.reserve(states.size());
            for (size_t i = 0; i + 1 < states.size(); i += 2) {
                const Point p = step_point(layout, {states[i], states[i + 1]}, actions[i], actions[i + 1]).position;
                next.push_back(p.x), next.push_back(p.y);
            }
            return next;
        };
        // The expert of OGBench's generator, without noise. In the goal's cell it heads for the goal itself.
        expert = [this](const std::vector<double>& states, const std::vector<double>& goals) {
            std::vector<double> actions;
            for (size_t i = 0; i + 1 < states.size(); i += 2) {
                const Point at{states[i], states[i + 1]}, goal{goals[i], goals[i + 1]};
                const Cell last = layout_.cell_of(goal), next = paths().next(layout_.cell_of(at), last);
                const Point heading = direction(at, next == last ? goal : centre(next));
                actions.push_back(heading.x), actions.push_back(heading.y);
            }
            return actions;
        };
        generate = [this](const data::CollectSpec& wanted, std::string_view part, ThreadPool& threads) {
            CollectSpec spec;
            spec.type = type_of(wanted);
            spec.episodes = wanted.episodes;
            spec.episode_rows = longest_generated(wanted);
            spec.noise = wanted.noise < 0 ? .5 : wanted.noise;
            spec.seed = wanted.seed;
            return collect(layout_, spec, part, threads);
        };
    }

    CollectType type_of(const data::CollectSpec& wanted) const {
        return collect_type(wanted.type == "auto" ? spec_.data_type : wanted.type);
    }
    int64_t longest_generated(const data::CollectSpec& wanted) const override {
        return wanted.episode_rows > 0 ? wanted.episode_rows : default_rows(layout_.name, type_of(wanted));
    }

    bool has_name(std::string_view name) const override {
        EnvironmentName parsed;
        return parse_environment(name, parsed) && parsed.maze == layout_.name;
    }

    // Other agents in the maze of the same name: "antmaze-medium-v0".
    bool resembles(std::string_view name) const override {
        return name.find("-" + layout_.name + "-") != std::string_view::npos;
    }

    data::Episode task(int64_t number) const override {
        const Task& cells = nth(layout_.tasks, number - 1);
        return {number, coordinates(centre(cells.start)), coordinates(centre(cells.goal))};
    }

    // Noise is added to starts, and to goals unless the protocol is single_task.
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                             uint64_t seed) const override {
        return data::draw_each(tasks, each, seed, [&](int64_t number, Rng& rng) {
            const Task& cells = nth(layout_.tasks, number - 1);
            data::Episode episode;
            episode.task = number;
            episode.start = coordinates(noised(cells.start, rng));
            episode.goal =
                coordinates(protocol == Protocol::goal_conditioned ? noised(cells.goal, rng) : centre(cells.goal));
            return episode;
        });
    }

    // Start and goal with the noise of a task's.
    std::vector<data::Episode> draw_pairs(int64_t pairs, uint64_t seed) const override {
        return data::draw_each({0}, pairs, seed, [&](int64_t, Rng& rng) {
            const auto [from, to] = layout_.random_pair(rng);
            data::Episode episode;
            episode.start = coordinates(noised(from, rng)), episode.goal = coordinates(noised(to, rng));
            return episode;
        });
    }

    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>& episodes, uint64_t seed) const override {
        return std::make_unique<PointAgents>(layout_, episodes, seed);
    }

  private:
    const Layout& layout_;
};

}  // namespace

}  // namespace astro::maze

namespace astro::data {

Environments make_point_mazes() {
    Environments all;
    for (const char* name : {"medium", "large", "giant", "teleport"})
        all.push_back(std::make_unique<maze::PointMazeEnvironment>(maze::layout(name)));
    return all;
}

}  // namespace astro::data
