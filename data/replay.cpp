#include "data/replay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>

#include "data/jumps.h"
#include "tensor/base/error.h"
#include "tensor/base/moments.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::data {

namespace {

// The error in sigma_delta of a change in a column whose sigma_delta is 0.
constexpr double kChangedConstant = 1e9;
constexpr double kConstantShare = 1e-3;  // of change_scale, as in data.std_floor

// Whether the file has what the environment's stored step needs.
bool has_stored(const Environment& environment, const Dataset& d) {
    const EnvironmentSpec& spec = environment.spec();
    return environment.stored_step && d.qpos_dim == spec.qpos_dim && d.qvel_dim == spec.qvel_dim;
}

// True for a row at the beginning or the end of a real transition, and for the row of an episode of one row.
bool is_real(const Dataset& d, int64_t row) {
    const int64_t episode = nth(d.episode_of, row);
    const bool starts = nth(d.episode_start, episode) == row, ends = d.episode_end(episode) == row;
    return (!ends && !is_synthetic(d, row)) || (!starts && !is_synthetic(d, row - 1)) || (starts && ends);
}

void count_outside(const WorldPicture& world, const EnvironmentSpec& spec, const Dataset& d, Replay& result) {
    for (int64_t t = 0; t < d.rows; ++t) {
        if (!is_real(d, t) || !is_outside(world, d.state(t, spec.position[0]), d.state(t, spec.position[1]))) continue;
        if (result.outside++ == 0) result.first_outside = t;
    }
}

// Errors in these arrays would hide violations. measured: sigma_delta of the transitions.
void check_arrays(const Environment& environment, const Dataset& d, const std::vector<double>& measured,
                  const std::string& source) {
    const EnvironmentSpec& spec = environment.spec();
    if (spec.qpos_columns > 0 && d.qpos_dim != 0 && d.qpos_dim != spec.qpos_columns)
        fail(ErrorKind::data, source, ": array 'qpos': ", d.qpos_dim, " columns, expected ", spec.qpos_columns, " for ",
             spec.name);
    check_bridges(d, source);
    constexpr double kLargest = 10;
    for (size_t i = 0; i < d.sigma_delta.size(); ++i)
        if (double(d.sigma_delta[i]) > kLargest * measured[i] || (measured[i] > 0 && !(d.sigma_delta[i] > 0)))
            fail(ErrorKind::data, source, ": array 'sigma_delta' column ", i, ": ", d.sigma_delta[i],
                 ", measured over its transitions: ", measured[i], "; violations would not be detected");
}

// Root of the mean of square(column) over the columns whose sigma is not 0.
template <class Square>
double rms_of_varying(const std::vector<double>& sigma, Square square) {
    double sum = 0, varying = 0;
    for (int64_t i = 0; i < ssize(sigma); ++i)
        if (nth(sigma, i) > 0) sum += square(i), ++varying;
    return std::sqrt(sum / std::max(1.0, varying));
}

// Half a unit in the last place for each of the two states of a transition, for the largest number of each column.
double rounding_error(const Dataset& d, const std::vector<double>& sigma) {
    std::vector<double> largest(to_size(d.state_dim));
    for (int64_t t = 0; t < d.rows; ++t)
        for (int64_t i = 0; i < d.state_dim; ++i)
            nth(largest, i) = std::max(nth(largest, i), std::fabs(double(d.observation(t)[i])));
    return rms_of_varying(sigma, [&](int64_t i) {
        return scaled_square(double(std::numeric_limits<float>::epsilon()) * nth(largest, i), 0.0, nth(sigma, i));
    });
}

}  // namespace

std::vector<double> one_step_sigma(const EnvironmentSpec& spec, const Dataset& d, const std::vector<int64_t>& rows) {
    const size_t columns = to_size(d.state_dim);
    std::vector<Moments> step(columns), state(columns);
    std::vector<double> from(columns), sigma;
    const std::vector<int64_t> jumps = find_jumps(d).rows;  // they would hide errors; ascending
    for (int64_t t : rows) {
        if (std::binary_search(jumps.begin(), jumps.end(), t)) continue;
        simulator_state(spec, d, t, from.data());
        for (size_t i = 0; i < columns; ++i) {
            step[i].add(d.state(t + 1, static_cast<int64_t>(i)) - from[i]);
            state[i].add(from[i] - d.state(0, static_cast<int64_t>(i)));
        }
    }
    for (size_t i = 0; i < columns; ++i) sigma.push_back(change_scale(step[i], state[i].std(), kConstantShare));
    return sigma;
}

void check_bridges(const Dataset& d, const std::string& source) {
    for (int64_t t = 0; t < d.rows; ++t)
        if (is_synthetic(d, t) && nth(d.bridge, t) < 0)
            fail(ErrorKind::data, source, ": row ", t, ": is_synthetic, but bridge is ", nth(d.bridge, t),
                 ", expected the number of a bridge");
}

bool is_synthetic(const Dataset& d, int64_t row) { return !d.is_synthetic.empty() && nth(d.is_synthetic, row) != 0; }

double scaled_error(const double* next, const Dataset& d, int64_t row, const std::vector<double>& sigma) {
    return rms_of_varying(sigma, [&](int64_t i) { return scaled_square(next[i], d.state(row, i), nth(sigma, i)); });
}

bool is_outside(const WorldPicture& world, double x, double y) {
    const auto in = [x, y](const WorldPicture::Rectangle& r) {
        return x > r.x && x < r.x + r.width && y > r.y && y < r.y + r.height;
    };
    return !in(world.bounds) || std::any_of(world.walls.begin(), world.walls.end(), in);
}

bool can_replay(const Environment& environment, const Dataset& d, const std::string& source) {
    if (environment.stored_step)
        for (const auto& [key, found, expected] : {std::tuple{"qpos", d.qpos_dim, environment.spec().qpos_dim},
                                                   std::tuple{"qvel", d.qvel_dim, environment.spec().qvel_dim}})
            if (found > 0 && found != expected)
                fail(ErrorKind::data, source, ": array '", key, "': ", found, " columns, expected ", expected, " for ",
                     environment.spec().name);
    return environment.exact_step || has_stored(environment, d);
}

std::vector<double> actions_of(const Dataset& d, const std::vector<int64_t>& rows) {
    std::vector<double> actions;
    for (int64_t t : rows)
        for (int64_t i = 0; i < d.action_dim; ++i) actions.push_back(d.action_value(t, i));
    return actions;
}

std::vector<double> replay_rows(const Environment& environment, const Dataset& d, const std::vector<int64_t>& rows,
                                const std::vector<double>& actions) {
    const bool stored = has_stored(environment, d);
    std::vector<double> states(rows.size() * to_size(d.state_dim));
    for (int64_t k = 0; k < ssize(rows); ++k) {
        double* state = states.data() + k * d.state_dim;
        if (!stored) simulator_state(environment.spec(), d, nth(rows, k), state);
        for (int64_t i = 0; stored && i < d.state_dim; ++i) state[i] = d.state(nth(rows, k), i);
    }
    if (!stored) return environment.exact_step(states, actions);
    auto columns = [&rows](const std::vector<float>& values, int64_t width) {
        std::vector<double> part;
        for (int64_t t : rows) part.insert(part.end(), values.begin() + t * width, values.begin() + (t + 1) * width);
        return part;
    };
    return environment.stored_step(columns(d.qpos, d.qpos_dim), columns(d.qvel, d.qvel_dim), states, actions);
}

namespace {

struct TransitionError {
    float absolute = -1, scaled = 0;  // largest component; rms in sigma_delta. -1: the row has no transition
};

// Errors of the transitions of these rows of one episode, which begins at row `first`.
void replay_episode(const Environment& environment, const Dataset& d, int64_t first, const std::vector<int64_t>& rows,
                    const std::vector<double>& sigma_delta, std::vector<TransitionError>& errors) {
    std::vector<double> start(to_size(d.state_dim));  // of the simulator
    simulator_state(environment.spec(), d, first, start.data());
    const std::vector<double> computed = replay_rows(environment, d, rows, actions_of(d, rows));
    const Rows next(computed, d.state_dim);
    for (int64_t k = 0; k < ssize(rows); ++k) {
        const int64_t t = nth(rows, k);
        double absolute = 0, scaled = scaled_error(next.row(k), d, t + 1, sigma_delta);
        for (int64_t i = 0; i < d.state_dim; ++i) {
            const double off = std::fabs(next(k, i) - d.state(t + 1, i));
            absolute = std::max(absolute, off);
            // A column that is constant in the file, but not in the environment.
            if (!(nth(sigma_delta, i) > 0) && off > kConstantRounding * std::fabs(d.state(t, i)))
                scaled = std::max(scaled, kChangedConstant);
            // The first observation of an episode must be equal to its qpos. This does not hold in maze2d, where
            // it may be the observation of the last row of the preceding episode.
            if (t != first || environment.spec().qpos_columns != d.state_dim) continue;
            const double difference = std::fabs(d.state(t, i) - double(nth(start, i)));
            absolute = std::max(absolute, difference);
            if (nth(sigma_delta, i) > 0) scaled = std::max(scaled, difference / nth(sigma_delta, i));
        }
        nth(errors, t) = {static_cast<float>(absolute), static_cast<float>(scaled)};
    }
}

// The largest error and the violation rates of recorded and of generated transitions.
void summarise(const Dataset& d, const std::vector<TransitionError>& errors, const std::vector<double>& tolerances,
               Replay& result) {
    ViolationCounter real(tolerances), generated(tolerances);
    std::map<int64_t, float> worst_of_bridge;
    for (int64_t t = 0; t < d.rows; ++t) {
        const TransitionError& error = nth(errors, t);
        if (error.absolute < 0) continue;
        const bool synthetic = is_synthetic(d, t);
        ReplayPart& part = synthetic ? result.synthetic : result.real;
        (synthetic ? generated : real).transition(double(error.scaled));
        if (error.absolute > part.worst || part.worst_row < 0) part.worst = error.absolute, part.worst_row = t;
        part.worst_scaled = std::max(part.worst_scaled, double(error.scaled));
        if (synthetic && !d.bridge.empty()) {
            float& worst = worst_of_bridge[nth(d.bridge, t)];
            worst = std::max(worst, std::isnan(error.scaled) ? HUGE_VALF : error.scaled);
        }
    }
    for (const auto& [bridge, worst] : worst_of_bridge) generated.bridge(double(worst));
    result.real.rates = real.rates(), result.synthetic.rates = generated.rates();
}

}  // namespace

Replay replay(const Environment& environment, const Dataset& d, const std::vector<double>& tolerances,
              ThreadPool& threads, const std::string& source, const ReplayOptions& options) {
    const EnvironmentSpec& spec = environment.spec();
    check_dimensions(environment, d, source);
    if (!can_replay(environment, d, source) && environment.stored_step)
        fail(ErrorKind::usage, source, ": ", spec.name, " replays from qpos and qvel of ", spec.qpos_dim, " and ",
             spec.qvel_dim, " columns; the file has ", d.qpos_dim, " and ", d.qvel_dim);
    if (!environment.exact_step && !environment.stored_step)
        fail(ErrorKind::usage, spec.name, " cannot replay stored transitions");
    Replay result;
    std::vector<int64_t> transitions;
    for (int64_t t = 0; t + 1 < d.rows; ++t)
        if (!nth(d.terminals, t)) transitions.push_back(t);
    result.sigma_delta = one_step_sigma(spec, d, transitions);
    check_arrays(environment, d, result.sigma_delta, source);
    if (!d.sigma_delta.empty()) result.sigma_delta.assign(d.sigma_delta.begin(), d.sigma_delta.end());
    result.rounding = rounding_error(d, result.sigma_delta);
    std::vector<TransitionError> errors(to_size(d.rows));
    std::mutex counting;
    int64_t replayed = 0;
    threads.run(d.episodes(), [&](int64_t e) {
        const int64_t first = nth(d.episode_start, e), last = d.episode_end(e);
        std::vector<int64_t> rows;
        for (int64_t t = first; t < last; ++t)
            if (!options.synthetic_only || is_synthetic(d, t)) rows.push_back(t);
        if (rows.empty()) return;
        replay_episode(environment, d, first, rows, result.sigma_delta, errors);
        if (!options.transitions) return;
        const std::lock_guard<std::mutex> lock(counting);
        options.transitions(replayed += ssize(rows));
    });
    summarise(d, errors, tolerances, result);
    if (const WorldPicture* world = environment.picture();
        world != nullptr && world->confines && spec.position.size() == 2)
        count_outside(*world, spec, d, result);
    return result;
}

}  // namespace astro::data
