#include "data/maze/point_maze.h"

#include <algorithm>
#include <cmath>

namespace astro::maze {

void PointMaze::step(double ax, double ay) {
    state_ = step_point(*layout_, state_.position, ax, ay);
    observed_ = state_.position;
    for (const Cell& in : layout_->portals_in) {
        if (distance(state_.position, centre(in)) > kPortalReach) continue;
        const auto out = static_cast<size_t>(rng_.below(static_cast<int64_t>(layout_->portals_out.size())));
        state_.position = centre(layout_->portals_out[out]);
        break;
    }
}

Point noised(Cell c, Rng& rng) {
    const Point p = centre(c);
    const double dx = rng.uniform(-1, 1), dy = rng.uniform(-1, 1);
    return {p.x + dx, p.y + dy};
}

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

std::vector<Episode> draw_episodes(const Layout& layout, const std::vector<int64_t>& tasks, int64_t each,
                                   Protocol protocol, uint64_t seed) {
    std::vector<Episode> episodes;
    for (int64_t task : tasks)
        for (int64_t e = 0; e < each; ++e) {
            Rng rng =
                Rng(seed).stream("evaluation").stream(static_cast<uint64_t>(task)).stream(static_cast<uint64_t>(e));
            const Task& cells = layout.tasks[static_cast<size_t>(task - 1)];
            Episode episode;
            episode.task = static_cast<int>(task - 1);
            episode.start = noised(cells.start, rng);
            episode.goal = protocol == Protocol::goal_conditioned ? noised(cells.goal, rng) : centre(cells.goal);
            episodes.push_back(episode);
        }
    return episodes;
}

std::vector<Outcome> evaluate(const Layout& layout, const std::vector<Episode>& episodes, Protocol protocol,
                              const BatchPolicy& policy, uint64_t seed, bool record_paths) {
    std::vector<PointMaze> agents;
    std::vector<Outcome> outcomes(episodes.size());
    std::vector<size_t> running;
    std::vector<float> observations, goals;
    for (size_t e = 0; e < episodes.size(); ++e) {
        agents.emplace_back(layout, episodes[e].start, Point{}, Rng(seed).stream("evaluation/portals").stream(e));
        if (record_paths) outcomes[e].path.push_back(episodes[e].start);
        running.push_back(e);
    }
    for (int64_t step = 0; step < kStepLimit && !running.empty(); ++step) {
        observations.clear(), goals.clear();
        for (size_t e : running) {
            const Point o = agents[e].observation();
            for (double v : {o.x, o.y}) observations.push_back(static_cast<float>(v));
            for (double v : {episodes[e].goal.x, episodes[e].goal.y}) goals.push_back(static_cast<float>(v));
        }
        const std::vector<float> actions = policy(observations, goals);
        size_t still = 0;
        for (size_t r = 0; r < running.size(); ++r) {
            const size_t e = running[r];
            const bool before = distance(agents[e].observation(), episodes[e].goal) <= kGoalTolerance;
            agents[e].step(std::clamp(double(actions[2 * r]), -1.0, 1.0),
                           std::clamp(double(actions[2 * r + 1]), -1.0, 1.0));
            if (record_paths) outcomes[e].path.push_back(agents[e].observation());
            outcomes[e].steps = step + 1;
            const bool after = distance(agents[e].observation(), episodes[e].goal) <= kGoalTolerance;
            outcomes[e].success = protocol == Protocol::goal_conditioned ? after : before;
            if (!outcomes[e].success) running[still++] = e;  // never ahead of r
        }
        running.resize(still);
    }
    return outcomes;
}

}  // namespace astro::maze
