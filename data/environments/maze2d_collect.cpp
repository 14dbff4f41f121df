#include "data/environments/maze2d_collect.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

constexpr double kReached = .1;                // distance at which a waypoint is reached
constexpr double kGain = 10, kSpeedGain = -1;  // of the distance to the waypoint, and of the velocity

// Rounded to float32, as in the file. The force is discontinuous at the beginning of a contact. If the ball itself were
// not rounded, a replay from the rounded file could therefore have contacts that the recording does not have.
Point rounded(Point p) { return {double(static_cast<float>(p.x)), double(static_cast<float>(p.y))}; }
BallState rounded(const BallState& s) { return {rounded(s.position), rounded(s.velocity)}; }

}  // namespace

Point waypoint_force(const BallState& s, Point to) {
    auto force = [](double ahead, double speed) { return std::clamp(kGain * ahead + kSpeedGain * speed, -1., 1.); };
    return {force(to.x - s.position.x, s.velocity.x), force(to.y - s.position.y, s.velocity.y)};
}

WaypointController::WaypointController(const Maze2d& maze, Point from, Cell target, Rng& rng) {
    const std::vector<int> steps = maze.steps_to(target);
    Cell at = maze.cell_of(from);
    for (Cell next = maze.next(at, steps); !(next == at); next = maze.next(at, steps)) {
        at = next;
        if (at == target) break;
        const double dx = rng.uniform(0, .2), dy = rng.uniform(0, .2);
        waypoints_.push_back({place(at).x - dx, place(at).y - dy});
    }
    waypoints_.push_back(place(target));
}

bool WaypointController::arrived(Point at) const {
    return std::hypot(at.x - waypoints_.back().x, at.y - waypoints_.back().y) < kReached;
}

Point WaypointController::action(const BallState& s) {
    const Point to = arrived(s.position) ? waypoints_.back() : waypoints_[next_];
    if (std::hypot(to.x - s.position.x, to.y - s.position.y) < kReached && next_ + 1 < waypoints_.size()) ++next_;
    return waypoint_force(s, to);
}

data::Dataset collect_maze2d(const Maze2d& maze, const Maze2dCollectSpec& spec, std::string_view part) {
    const std::vector<Cell> cells = maze.free_cells();
    const Rng root = Rng(spec.seed).stream("collect").stream(part);
    data::Dataset d;
    d.state_dim = 4, d.action_dim = d.qpos_dim = d.qvel_dim = 2;
    Rng start = root.stream("start");
    BallState ball = rounded(reset_ball(maze, start)), observed = ball;
    auto put = [](std::vector<float>& to, Point p) {
        to.push_back(static_cast<float>(p.x)), to.push_back(static_cast<float>(p.y));
    };
    for (int64_t e = 0; e < spec.episodes; ++e) {
        Rng rng = root.stream(static_cast<uint64_t>(e));
        Cell target;
        do target = nth(cells, rng.below(ssize(cells)));
        while (target == maze.cell_of(observed.position));
        WaypointController controller(maze, observed.position, target, rng);
        for (int64_t t = 0; t < spec.episode_rows; ++t) {
            const bool last = controller.arrived(observed.position) || t + 1 == spec.episode_rows;
            Point force = controller.action(observed);
            if (spec.noise > 0) force.x += spec.noise * rng.normal(), force.y += spec.noise * rng.normal();
            force = rounded(Point{std::clamp(force.x, -1., 1.), std::clamp(force.y, -1., 1.)});
            put(d.observations, observed.position), put(d.observations, observed.velocity);
            put(d.qpos, ball.position), put(d.qvel, ball.velocity);
            put(d.actions, force);
            d.terminals.push_back(last ? 1 : 0);
            ball = rounded(step_ball(maze, ball, force.x, force.y));
            if (last) break;  // `observed` is kept: it is also the first observation of the next episode
            observed = ball;
        }
    }
    d.rows = ssize(d.terminals);
    data::index_episodes(d);
    return d;
}

}  // namespace astro::maze
