// Two rooms joined by a door, and a cart with momentum: the world of the course (docs/course). A state is the position
// and velocity of the cart, an action is a force. The generator records episodes in the left room and in the right one;
// none leads through the door (docs/method.md 12.9) [ours].
#include <algorithm>
#include <array>
#include <cmath>

#include "data/environments/environments.h"
#include "data/environments/maze_survey.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"

namespace astro::maze {

namespace {

constexpr double kHalf = .5;                  // half the side of the cart, which is a square
constexpr double kRolling = .95;              // share of the velocity that is left after a step
constexpr double kForce = .03;                // change of the velocity by a unit action in a step
constexpr double kFastest = 1;                // of each component of the velocity: less than a cell in a step
constexpr double kMiddle = 19;                // x of the middle of the door, which is from 18 to 20
constexpr double kDoorLow = 2, kDoorTop = 6;  // y of the two door posts
constexpr int64_t kRows = 81;                 // of a generated episode

// Cells of 2 by 2 units, x from 0 to 38 and y from 0 to 20. The first row is the lowest.
const Grid& rooms() {
    static const Grid grid{{"1111111111111111111",  //
                            "1000000000000000001",  //
                            "1000000000000000001",  //
                            "1000000001000000001",  //
                            "1000000001000000001",  //
                            "1000000001000000001",  //
                            "1000000001000000001",  //
                            "1000000001000000001",  //
                            "1000000001000000001",  //
                            "1111111111111111111"},
                           2,
                           1};
    return grid;
}

using CartState = std::array<double, 4>;  // x, y, and their velocities

// First and last cell that the cart covers along an axis. Touching is not covering.
int first_cell(double at) { return static_cast<int>(std::floor((at - kHalf) / rooms().unit)); }
int last_cell(double at) { return static_cast<int>(std::ceil((at + kHalf) / rooms().unit)) - 1; }

bool in_wall(double x, double y) {
    for (int i = first_cell(y); i <= last_cell(y); ++i)
        for (int j = first_cell(x); j <= last_cell(x); ++j)
            if (rooms().wall(i, j)) return true;
    return false;
}

// A position in a wall, as a model may predict it, is first moved along one axis to the nearest place without a wall.
void leave_wall(CartState& s) {
    const double unit = rooms().unit;
    s[0] = std::clamp(s[0], unit + kHalf, (rooms().columns() - 1) * unit - kHalf);
    s[1] = std::clamp(s[1], unit + kHalf, (rooms().rows() - 1) * unit - kHalf);
    if (!in_wall(s[0], s[1])) return;
    double least = HUGE_VAL;
    CartState nearest = s;
    for (size_t axis : {size_t{0}, size_t{1}})
        for (int cell = first_cell(s[axis]) - 1; cell <= last_cell(s[axis]) + 1; ++cell)
            for (double to : {cell * unit - kHalf, (cell + 1) * unit + kHalf}) {
                CartState moved = s;
                moved[axis] = to;
                const double way = std::fabs(to - s[axis]);
                if (way < least && !in_wall(moved[0], moved[1])) least = way, nearest = moved;
            }
    s = nearest;
}

// Moves along one axis. A wall in the way stops the cart at its surface and takes the velocity of this axis.
void roll(CartState& s, size_t axis) {
    const double unit = rooms().unit;
    s[axis] += s[axis + 2];
    if (!in_wall(s[0], s[1])) return;
    s[axis] = s[axis + 2] > 0 ? last_cell(s[axis]) * unit - kHalf : (first_cell(s[axis]) + 1) * unit + kHalf;
    s[axis + 2] = 0;
}

// One step. Actions are clipped to [-1, 1].
CartState step_cart(CartState s, double ax, double ay) {
    leave_wall(s);
    const double force[2] = {std::clamp(ax, -1., 1.), std::clamp(ay, -1., 1.)};
    for (size_t axis : {size_t{0}, size_t{1}}) {
        s[axis + 2] = std::clamp(kRolling * s[axis + 2] + kForce * force[axis], -kFastest, kFastest);
        roll(s, axis);
    }
    return s;
}

CartState rounded(CartState s) {  // to float32, as in the file, so that replays are exact
    for (double& v : s) v = double(static_cast<float>(v));
    return s;
}

// The driver of the data: proportional-derivative control towards a place, by way of the door's mouth if the place or
// the start is in the door.
struct Driver {
    std::vector<Point> places;  // the last is the destination
    size_t next = 0;

    Point force(const CartState& s) {
        constexpr double kGain = 2, kSpeedGain = -14.7, kNear = 3;
        while (next + 1 < places.size() && std::hypot(nth(places, next).x - s[0], nth(places, next).y - s[1]) < kNear)
            ++next;
        const Point to = nth(places, next);
        return {std::clamp(kGain * (to.x - s[0]) + kSpeedGain * s[2], -1., 1.),
                std::clamp(kGain * (to.y - s[1]) + kSpeedGain * s[3], -1., 1.)};
    }
};

struct Recording {
    std::vector<float> states, actions;  // (rows, 4), (rows, 2)
    bool crosses = false;                // whether the cart was ever beyond the far end of the door
};

// side: -1 for the left room, 1 for the right one. A third of the episodes starts in the door, a third ends there.
Recording record(int side, int64_t rows, double noise, Rng rng) {
    const double inner = rooms().unit + kHalf;
    auto in_room = [&] {
        return Point{kMiddle + side * rng.uniform(1 + kHalf, kMiddle - inner), rng.uniform(inner, 2 * 10 - inner)};
    };
    auto in_door = [&] {
        return Point{kMiddle + rng.uniform(-.7, .7), rng.uniform(kDoorLow + 2 * kHalf, kDoorTop - 2 * kHalf)};
    };
    const Point mouth{kMiddle + side * 3, (kDoorLow + kDoorTop) / 2};
    const int64_t kind = rng.below(3);
    const Point start = kind == 0 ? in_door() : in_room();
    Driver driver;
    if (kind < 2) driver.places.push_back(mouth);
    driver.places.push_back(kind == 1 ? in_door() : in_room());
    const double vx = .1 * rng.normal(), vy = .1 * rng.normal();
    CartState s = rounded({start.x, start.y, vx, vy});
    leave_wall(s);
    Recording made;
    for (int64_t t = 0; t < rows; ++t) {
        made.crosses = made.crosses || (s[0] - kMiddle) * side < -1;
        Point force = driver.force(s);
        force = {std::clamp(force.x + noise * rng.normal(), -1., 1.),
                 std::clamp(force.y + noise * rng.normal(), -1., 1.)};
        const float a[2] = {static_cast<float>(force.x), static_cast<float>(force.y)};
        for (double v : s) made.states.push_back(static_cast<float>(v));
        made.actions.insert(made.actions.end(), a, a + 2);
        s = rounded(step_cart(s, double(a[0]), double(a[1])));
    }
    return made;
}

// Episode e is in the left room if e is even. An episode that leaves the door on the other side is recorded again.
data::Dataset collect_cart(const data::CollectSpec& spec, int64_t rows, std::string_view part, ThreadPool& threads) {
    const double noise = spec.noise < 0 ? .5 : spec.noise;
    const Rng root = Rng(spec.seed).stream("collect").stream(part);
    std::vector<Recording> episodes(to_size(spec.episodes));
    threads.run(spec.episodes, [&](int64_t e) {
        const Rng own = root.stream(static_cast<uint64_t>(e));
        uint64_t attempt = 0;
        do nth(episodes, e) = record(e % 2 == 0 ? -1 : 1, rows, noise, own.stream(attempt++));
        while (nth(episodes, e).crosses);
    });
    data::Dataset d;
    d.state_dim = 4, d.action_dim = 2, d.rows = spec.episodes * rows;
    for (const Recording& one : episodes) {
        d.observations.insert(d.observations.end(), one.states.begin(), one.states.end());
        d.actions.insert(d.actions.end(), one.actions.begin(), one.actions.end());
        d.terminals.insert(d.terminals.end(), to_size(rows - 1), 0);
        d.terminals.push_back(1);
    }
    data::index_episodes(d);
    return d;
}

class Carts : public data::Agents {
  public:
    explicit Carts(const std::vector<data::Episode>& episodes) {
        for (const data::Episode& e : episodes) states_.insert(states_.end(), e.start.begin(), e.start.end());
    }

    const std::vector<double>& states() const override { return states_; }

    void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) override {
        for (size_t i = 0; i < agents.size(); ++i) {
            double* s = states_.data() + 4 * agents[i];
            const CartState next = step_cart({s[0], s[1], s[2], s[3]}, actions[2 * i], actions[2 * i + 1]);
            std::copy(next.begin(), next.end(), s);
        }
    }

  private:
    std::vector<double> states_;
};

class TwoRooms : public MazeEnvironment {
  public:
    TwoRooms() : MazeEnvironment(rooms(), kHalf, 4) {
        spec_.name = "cart-tworooms-v0";
        spec_.action_dim = 2;
        spec_.qpos_columns = 0;  // a state is all of the observation
        spec_.tasks = 5;
        spec_.step_limit = 300;
        spec_.tolerance = 1;
        spec_.gamma = .99;
        exact_step = [](const std::vector<double>& states, const std::vector<double>& actions) {
            std::vector<double> next;
            next.reserve(states.size());
            for (size_t i = 0; 4 * i < states.size(); ++i) {
                const double* s = &states[4 * i];
                for (double v : step_cart({s[0], s[1], s[2], s[3]}, actions[2 * i], actions[2 * i + 1]))
                    next.push_back(v);
            }
            return next;
        };
        generate = [this](const data::CollectSpec& wanted, std::string_view part, ThreadPool& threads) {
            return collect_cart(wanted, longest_generated(wanted), part, threads);
        };
    }

    int64_t longest_generated(const data::CollectSpec& wanted) const override {
        if (wanted.type != "auto")
            fail(ErrorKind::usage, spec_.name, " has only one type of data, not '", wanted.type,
                 "'; hint: omit the type");
        return wanted.episode_rows > 0 ? wanted.episode_rows : kRows;
    }

    // Every task leads from one room to the other. Only in the last one the straight way leads through the door.
    data::Episode task(int64_t number) const override {
        static const std::vector<std::array<Point, 2>> ends = {{{{6, 15}, {32, 15}}},
                                                               {{{32, 15}, {6, 15}}},
                                                               {{{6, 10}, {24, 15}}},
                                                               {{{32, 10}, {14, 15}}},
                                                               {{{6, 4}, {32, 4}}}};
        const auto& [start, goal] = nth(ends, number - 1);
        return {number, {start.x, start.y, 0, 0}, {goal.x, goal.y, 0, 0}};
    }

    // Starts have noise U(-1, 1) on each axis of the position; so do goals, except in single-task mode.
    std::vector<data::Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                             uint64_t seed) const override {
        return data::draw_each(tasks, each, seed, [&](int64_t number, Rng& rng) {
            data::Episode episode = task(number);
            for (size_t axis : {size_t{0}, size_t{1}}) episode.start[axis] += rng.uniform(-1, 1);
            if (protocol == Protocol::goal_conditioned)
                for (size_t axis : {size_t{0}, size_t{1}}) episode.goal[axis] += rng.uniform(-1, 1);
            return episode;
        });
    }

    std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>& episodes, uint64_t) const override {
        return std::make_unique<Carts>(episodes);
    }
};

}  // namespace

}  // namespace astro::maze

namespace astro::data {

Environments make_cart() {
    Environments all;
    all.push_back(std::make_unique<maze::TwoRooms>());
    return all;
}

}  // namespace astro::data
