#include "data/environment_match.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "data/replay.h"
#include "tensor/base/error.h"
#include "tensor/base/range_text.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr int64_t kMaxRows = 4000, kMaxStoredRows = 1000;  // transitions; by stored steps, which are slow
constexpr double kTolerance = .5;                          // of sigma_delta

// Largest share of transitions that may end elsewhere. Observations lag behind the simulator's state in portals and, in
// D4RL's data, after an arrival; a file with qpos has the state itself. A stored step may depend on more than qpos and
// qvel (docs/environments.md).
double largest_share(const Environment& environment, const Dataset& d) {
    return (environment.spec().qpos_columns > 0 && d.qpos.empty()) || !environment.exact_step ? .05 : .01;
}

// Rows t of real transitions t -> t + 1, spread evenly over the file.
std::vector<int64_t> sampled_rows(const Dataset& d, int64_t limit) {
    std::vector<int64_t> rows;
    for (int64_t t : regular_view(d).rows)
        if (!is_synthetic(d, t)) rows.push_back(t);
    return spread_evenly(rows, limit);
}

// A transition executes the action of row t + shift, multiplied by scale. Returns the share of the transitions that end
// elsewhere than in the data. sigma: (state_dim), of the one-step differences.
double share_off(const Environment& environment, const Dataset& d, const std::vector<int64_t>& rows,
                 const std::vector<double>& sigma, int64_t shift, double scale) {
    const EnvironmentSpec& spec = environment.spec();
    const WorldPicture* world = spec.position.size() == 2 ? environment.picture() : nullptr;
    if (world && !world->confines) world = nullptr;
    std::vector<double> actions;
    std::vector<int64_t> from, after;
    for (int64_t t : rows) {
        if (t + shift < 0 || t + shift >= d.rows || nth(d.episode_of, t + shift) != nth(d.episode_of, t)) continue;
        for (int64_t i = 0; i < d.action_dim; ++i) actions.push_back(scale * d.action_value(t + shift, i));
        from.push_back(t), after.push_back(t + 1);
    }
    if (after.empty()) return 1;
    const std::vector<double> next = replay_rows(environment, d, from, actions);
    int64_t off = 0;
    for (int64_t k = 0; k < ssize(after); ++k) {
        const int64_t row = nth(after, k);
        off += scaled_error(next.data() + k * d.state_dim, d, row, sigma) > kTolerance ||
               (world && is_outside(*world, d.state(row, spec.position[0]), d.state(row, spec.position[1])));
    }
    return static_cast<double>(off) / static_cast<double>(after.size());
}

// The likely cause, or "".
std::string cause_of(const Environment& environment, const Dataset& d, const std::vector<int64_t>& rows,
                     const std::vector<double>& sigma) {
    const double share = largest_share(environment, d);
    for (const std::string& name : environment_names()) {
        const Environment& other = *find_environment(name);
        if (&other == &environment || !other.exact_step || other.spec().state_dim != d.state_dim ||
            other.spec().action_dim != d.action_dim)
            continue;
        if (share_off(other, d, rows, sigma, 0, 1) <= share)
            return "they are those of " + name + "; hint: --env " + name;
    }
    for (const int64_t shift : {-1, 1})
        if (share_off(environment, d, rows, sigma, shift, 1) <= share)
            return text("each action is stored one row ", shift > 0 ? "late" : "early",
                        "; hint: actions[t] must lead from observations[t] to observations[t + 1]");
    double largest = 0;
    for (int64_t t = 0; t < d.rows; ++t)
        for (int64_t i = 0; i < d.action_dim; ++i) largest = std::max(largest, std::fabs(d.action_value(t, i)));
    const double limit = environment.spec().action_limit;
    if (largest > 0 && std::isfinite(limit) && share_off(environment, d, rows, sigma, 0, limit / largest) <= share)
        return text("actions are in another unit: the largest is ", largest, ", expected ", limit,
                    "; hint: divide them by ", largest / limit);
    return std::string("they come from another system, or their rows are not in order") + kOtherEnvironment;
}

}  // namespace

std::string describe_far_tasks(const Environment& environment, const Dataset& d) {
    constexpr double kFar = 5, kClose = .01;  // times the range of the data
    if (d.rows == 0) return "";
    std::vector<double> low(to_size(d.state_dim), HUGE_VAL), high(to_size(d.state_dim), -HUGE_VAL);
    for (int64_t t = 0; t < d.rows; ++t)
        for (int64_t i = 0; i < d.state_dim; ++i) {
            nth(low, i) = std::min(nth(low, i), d.state(t, i));
            nth(high, i) = std::max(nth(high, i), d.state(t, i));
        }
    std::vector<double> least(to_size(d.state_dim), HUGE_VAL), most(to_size(d.state_dim), -HUGE_VAL);  // of the tasks
    for (int64_t k = 1; k <= environment.spec().tasks; ++k) {
        const Episode task = environment.task(k);
        for (const auto& [what, state] : {std::pair{"start", &task.start}, std::pair{"goal", &task.goal}})
            for (int64_t i = 0; i < std::min(d.state_dim, ssize(*state)); ++i) {
                const double margin = kFar * (nth(high, i) - nth(low, i)), value = nth(*state, i);
                nth(least, i) = std::min(nth(least, i), value), nth(most, i) = std::max(nth(most, i), value);
                if (margin > 0 && (value < nth(low, i) - margin || value > nth(high, i) + margin))
                    return text("column ", i, " of the ", what, " of task ", k, " is ", value, ", and ", nth(low, i),
                                " to ", nth(high, i), " in the data; are these the same units?");
            }
    }
    for (int64_t i = 0; i < d.state_dim; ++i)  // one column with a range like that of the data is enough
        if (nth(most, i) - nth(least, i) >= kClose * (nth(high, i) - nth(low, i)) && nth(most, i) > nth(least, i))
            return "";
    if (!(most[0] > least[0])) return "";  // the tasks do not differ there, or there are none
    return text("starts and goals of all tasks are close together: column 0 is from ", least[0], " to ", most[0],
                ", and from ", low[0], " to ", high[0], " in the data; are these the same units?");
}

std::string try_step(const Environment& environment, const Dataset& d, const std::vector<Episode>& episodes,
                     uint64_t seed) {
    const EnvironmentSpec& spec = environment.spec();
    const std::vector<int64_t> rows = sampled_rows(d, kMaxRows);
    if (rows.empty() || episodes.empty()) return "";
    const std::unique_ptr<Agents> agents = environment.reset(episodes, seed);
    const std::vector<double> before = agents->states();
    std::vector<int64_t> all, chosen;
    for (int64_t k = 0; k < ssize(episodes); ++k)
        all.push_back(k), chosen.push_back(nth(rows, k * ssize(rows) / ssize(episodes)));
    std::vector<double> actions = actions_of(d, chosen);
    for (double& a : actions) a = std::clamp(a, -spec.action_limit, spec.action_limit);
    agents->step(all, actions);
    const std::vector<double>& after = agents->states();
    const std::vector<double> sigma = one_step_sigma(spec, d, rows);
    double largest = 0;  // change of a column, in sigma
    for (size_t i = 0; i < after.size(); ++i)
        if (const double scale = sigma[i % to_size(spec.state_dim)]; scale > 0)
            largest = std::max(largest, std::fabs(after[i] - before[i]) / scale);
    constexpr double kFactor = 100;
    if (largest == 0 || (largest > 1 / kFactor && largest < kFactor)) return "";
    return text("a step of ", spec.name, " is at most ", short_number(largest),
                " times as long as those of the data (standard deviation of each column); are these the same units?");
}

void check_environment_match(const Environment& environment, const Dataset& d, const std::string& source) {
    if (!can_replay(environment, d, source)) return;
    const std::vector<int64_t> rows = sampled_rows(d, environment.exact_step ? kMaxRows : kMaxStoredRows);
    if (rows.empty()) return;
    const std::vector<double> sigma = one_step_sigma(environment.spec(), d, rows);
    const double off = share_off(environment, d, rows, sigma, 0, 1);
    if (off <= largest_share(environment, d)) return;
    fail(ErrorKind::data, source, ": ", std::llround(off * static_cast<double>(rows.size())), " of ", rows.size(),
         " transitions do not match ", environment.spec().name, ": ", cause_of(environment, d, rows, sigma));
}

}  // namespace astro::data
