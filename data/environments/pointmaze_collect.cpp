#include "data/environments/pointmaze_collect.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

Cell pick(const std::vector<Cell>& cells, Rng& rng) { return nth(cells, rng.below(ssize(cells))); }

// A random cell exactly 4 steps from the start; the start if there is none.
Cell stitch_goal(const Layout& layout, const ShortestPaths& paths, Cell start, Rng& rng) {
    std::vector<Cell> candidates;
    for (const Cell& c : layout.free_cells())
        if (nth(paths.steps_to(start), layout.index(c)) == 4) candidates.push_back(c);
    return candidates.empty() ? start : pick(candidates, rng);
}

}  // namespace

CollectType collect_type(std::string_view name) {
    if (name == "navigate") return CollectType::navigate;
    if (name == "stitch") return CollectType::stitch;
    if (name == "explore") return CollectType::explore;
    fail(ErrorKind::usage, "unknown type of data '", name, "', expected navigate, stitch or explore");
}

int64_t default_rows(std::string_view maze, CollectType type) {
    if (type == CollectType::stitch) return 201;
    if (type == CollectType::explore) return 501;
    return maze == "giant" ? 2001 : 1001;
}

data::Dataset collect(const Layout& layout, const CollectSpec& spec, std::string_view part, ThreadPool& threads) {
    const ShortestPaths paths(layout);
    const std::vector<Cell> all = layout.free_cells(), vertices = layout.vertex_cells();
    data::Dataset d;
    d.rows = spec.episodes * spec.episode_rows;
    d.state_dim = d.action_dim = d.qpos_dim = d.qvel_dim = 2;
    const auto values = to_size(d.rows * 2);
    d.observations.resize(values), d.actions.resize(values), d.qpos.resize(values), d.qvel.resize(values);
    d.terminals.resize(to_size(d.rows));
    const Rng root = Rng(spec.seed).stream("collect").stream(part);
    threads.run(spec.episodes, [&](int64_t e) {
        Rng rng = root.stream(static_cast<uint64_t>(e));
        const Cell start = pick(all, rng);
        Cell goal = spec.type == CollectType::stitch ? stitch_goal(layout, paths, start, rng) : pick(vertices, rng);
        const Point from = noised(start, rng);
        Point target = noised(goal, rng);  // only for the test of arrival in `navigate`
        const Point velocity{0.1 * rng.normal(), 0.1 * rng.normal()};
        PointMaze agent(layout, from, velocity, rng.stream("portals"));
        Point heading;
        for (int64_t t = 0; t < spec.episode_rows; ++t) {
            if (spec.type == CollectType::explore) {
                if (t % 10 == 0) {
                    const double x = rng.normal(), y = rng.normal(), length = std::hypot(x, y) + 1e-6;
                    heading = {x / length, y / length};
                }
            } else {
                // The oracle uses the position, not the observation, which may lag behind.
                heading = direction(agent.position(), centre(paths.next(cell_of(agent.position()), goal)));
            }
            const double ax = std::clamp(heading.x + spec.noise * rng.normal(), -1.0, 1.0);
            const double ay = std::clamp(heading.y + spec.noise * rng.normal(), -1.0, 1.0);
            const auto at = to_size((e * spec.episode_rows + t) * 2);
            const Point o = agent.observation(), q = agent.position(), v = agent.velocity();
            d.observations[at] = static_cast<float>(o.x), d.observations[at + 1] = static_cast<float>(o.y);
            d.qpos[at] = static_cast<float>(q.x), d.qpos[at + 1] = static_cast<float>(q.y);
            d.qvel[at] = static_cast<float>(v.x), d.qvel[at + 1] = static_cast<float>(v.y);
            d.actions[at] = static_cast<float>(ax), d.actions[at + 1] = static_cast<float>(ay);
            d.terminals[at / 2] = t + 1 == spec.episode_rows;
            agent.step(ax, ay);
            if (spec.type == CollectType::navigate && distance(agent.observation(), target) <= kGoalTolerance) {
                goal = pick(vertices, rng);
                target = noised(goal, rng);
            }
        }
    });
    data::index_episodes(d);
    return d;
}

}  // namespace astro::maze
