#include "data/replay.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

// Where a replay of the row starts.
const float* exact_state(const Dataset& d, const EnvironmentSpec& spec, int64_t row) {
    return spec.states_are_qpos && d.qpos_dim == d.state_dim ? d.qpos.data() + row * d.state_dim : d.observation(row);
}

std::vector<double> measured_sigma(const Dataset& d, const EnvironmentSpec& spec) {
    const auto columns = to_size(d.state_dim);
    std::vector<double> sum(columns), square(columns), sigma;
    int64_t n = 0;
    for (int64_t t = 0; t + 1 < d.rows; ++t) {
        if (nth(d.terminals, t)) continue;
        const float* from = exact_state(d, spec, t);
        for (size_t i = 0; i < columns; ++i) {
            const double x = double(d.observation(t + 1)[i]) - double(from[i]);
            sum[i] += x, square[i] += x * x;
        }
        ++n;
    }
    for (size_t i = 0; i < columns; ++i) {
        const double mean = n ? sum[i] / static_cast<double>(n) : 0;
        sigma.push_back(
            std::max(1e-3, n ? std::sqrt(std::max(0.0, square[i] / static_cast<double>(n) - mean * mean)) : 0));
    }
    return sigma;
}

}  // namespace

Replay replay(const Environment& environment, const Dataset& d, const std::vector<double>& tolerances,
              ThreadPool& threads, const std::string& source) {
    const EnvironmentSpec& spec = environment.spec();
    if (!environment.exact_step) fail(ErrorKind::usage, spec.name, " cannot replay stored transitions");
    check_dimensions(environment, d, source);
    Replay result;
    result.tolerance = tolerances;
    result.sigma_delta = measured_sigma(d, spec);
    if (!d.sigma_delta.empty()) result.sigma_delta.assign(d.sigma_delta.begin(), d.sigma_delta.end());
    struct Error {
        float absolute = -1, scaled = 0;  // -1: no transition
    };
    std::vector<Error> errors(to_size(d.rows));
    threads.run(d.episodes(), [&](int64_t e) {
        const int64_t first = nth(d.episode_start, e), last = d.episode_end(e);
        std::vector<float> states;
        for (int64_t t = first; t < last; ++t) {
            const float* from = exact_state(d, spec, t);
            states.insert(states.end(), from, from + d.state_dim);
        }
        const std::vector<double> made =
            environment.exact_step(states, std::vector<float>(d.action(first), d.action(last)));
        const Rows next(made, d.state_dim);
        for (int64_t t = first; t < last; ++t) {
            double absolute = 0, square = 0;
            for (int64_t i = 0; i < d.state_dim; ++i) {
                const double off = next(t - first, i) - double(d.observation(t + 1)[i]);
                const double scaled = off / nth(result.sigma_delta, i);
                absolute = std::max(absolute, std::fabs(off)), square += scaled * scaled;
            }
            nth(errors, t) = {static_cast<float>(absolute),
                              static_cast<float>(std::sqrt(square / static_cast<double>(d.state_dim)))};
        }
    });
    result.real.violations.resize(tolerances.size()), result.synthetic.violations.resize(tolerances.size());
    result.violating_bridges.resize(tolerances.size());
    std::map<int64_t, float> worst_of_bridge;
    for (int64_t t = 0; t < d.rows; ++t) {
        const Error& error = nth(errors, t);
        if (error.absolute < 0) continue;
        const bool synthetic = !d.is_synthetic.empty() && nth(d.is_synthetic, t);
        ReplayPart& part = synthetic ? result.synthetic : result.real;
        ++part.transitions;
        if (error.absolute > part.worst || part.worst_row < 0) part.worst = error.absolute, part.worst_row = t;
        for (size_t k = 0; k < tolerances.size(); ++k) part.violations[k] += double(error.scaled) > tolerances[k];
        if (synthetic && !d.bridge.empty()) {
            float& worst = worst_of_bridge[nth(d.bridge, t)];
            worst = std::max(worst, error.scaled);
        }
    }
    result.bridges = ssize(worst_of_bridge);
    for (const auto& [bridge, worst] : worst_of_bridge)
        for (size_t k = 0; k < tolerances.size(); ++k) result.violating_bridges[k] += double(worst) > tolerances[k];
    return result;
}

}  // namespace astro::data
