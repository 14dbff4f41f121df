#include "astro/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

bool are_float32(const double* values, int64_t n) {
    return std::all_of(values, values + n, [](double x) { return std::isfinite(static_cast<float>(x)); });
}

// Policies compute in float32. Larger numbers of a simulator would give an action that is not finite, which would be
// sent back to it. Names the largest number.
[[noreturn]] void refuse_numbers(const data::EnvironmentSpec& spec, int64_t agent, const double* state,
                                 const double* goal) {
    const double* largest = state;
    bool in_goal = false;
    for (const double* from : {state, goal})
        for (int64_t i = 0; i < spec.state_dim; ++i)
            if (std::fabs(from[i]) > std::fabs(*largest)) largest = from + i, in_goal = from == goal;
    fail(ErrorKind::io, spec.name, ", agent ", agent, ": column ", largest - (in_goal ? goal : state), " of its ",
         in_goal ? "goal" : "state", " is ", *largest, ", too large for the policy to answer with a finite action");
}

// Runs at most as many episodes as the environment has agents.
std::vector<Outcome> evaluate_group(const data::Environment& environment, const std::vector<data::Episode>& episodes,
                                    Protocol protocol, const BatchPolicy& policy, uint64_t seed, bool record_paths) {
    const data::EnvironmentSpec& spec = environment.spec();
    const std::unique_ptr<data::Agents> agents = environment.reset(episodes, seed);
    std::vector<Outcome> outcomes(episodes.size());
    auto state = [&](int64_t e) { return agents->states().data() + e * spec.state_dim; };
    auto arrived = [&](int64_t e) {
        const auto at = to_size(e);
        return spec.reports_success ? agents->arrived()[at] != 0
                                    : environment.success(state(e), episodes[at].goal.data());
    };
    auto append = [&](auto& to, const double* values) { to.insert(to.end(), values, values + spec.state_dim); };
    auto record = [&](int64_t e) {
        if (record_paths) append(nth(outcomes, e).path, state(e));
    };
    std::vector<int64_t> running(episodes.size());
    std::iota(running.begin(), running.end(), 0);
    for (int64_t e : running) record(e);

    std::vector<double> states, goals;
    std::vector<uint8_t> before;
    for (int64_t step = 0; step < spec.step_limit && !running.empty(); ++step) {
        states.clear(), goals.clear(), before.clear();
        for (int64_t e : running) {
            const double* goal = nth(episodes, e).goal.data();
            if (!are_float32(state(e), spec.state_dim) || (step == 0 && !are_float32(goal, spec.state_dim)))
                refuse_numbers(spec, e, state(e), goal);
            append(states, state(e));
            append(goals, goal);
            before.push_back(arrived(e));
        }
        std::vector<double> actions = policy(states, goals);
        if (actions.size() != running.size() * to_size(spec.action_dim))
            fail(ErrorKind::data, "policy actions have ", actions.size() / running.size(), " numbers, ", spec.name,
                 " expects ", spec.action_dim);
        for (size_t i = 0; i < actions.size(); ++i)
            if (const int64_t e = running[i / to_size(spec.action_dim)]; !std::isfinite(actions[i]))
                refuse_numbers(spec, e, state(e), nth(episodes, e).goal.data());
        for (double& a : actions) a = std::clamp(a, -spec.action_limit, spec.action_limit);
        agents->step(running, actions);
        size_t remaining = 0;
        for (size_t r = 0; r < running.size(); ++r) {
            const int64_t e = running[r];
            record(e);
            Outcome& outcome = nth(outcomes, e);
            if (!outcome.success) {
                outcome.steps = step + 1;
                outcome.success = protocol == Protocol::goal_conditioned ? arrived(e) : before[r] != 0;
            }
            if (environment.reward)
                outcome.sum_of_rewards += environment.reward(state(e), nth(episodes, e).goal.data());
            if (!outcome.success || !spec.ends_with_success) running[remaining++] = e;  // remaining <= r
        }
        running.resize(remaining);
    }
    return outcomes;
}

}  // namespace

std::vector<Outcome> evaluate(const data::Environment& environment, const std::vector<data::Episode>& episodes,
                              Protocol protocol, const BatchPolicy& policy, uint64_t seed, bool record_paths) {
    const int64_t limit = environment.spec().agents_at_once;
    const size_t group = limit > 0 ? to_size(limit) : episodes.size();
    std::vector<Outcome> outcomes;
    for (size_t first = 0; first < episodes.size(); first += group) {
        const size_t end = std::min(episodes.size(), first + group);
        for (Outcome& outcome : evaluate_group(environment,
                                               {episodes.begin() + static_cast<std::ptrdiff_t>(first),
                                                episodes.begin() + static_cast<std::ptrdiff_t>(end)},
                                               protocol, policy, seed, record_paths))
            outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace astro::method
