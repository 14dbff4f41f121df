#include "data/maze/replay.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tensor/base/error.h"

namespace astro::maze {

namespace {

std::vector<double> measured_sigma(const data::Dataset& d) {
    double sum[2] = {}, square[2] = {};
    int64_t n = 0;
    for (int64_t t = 0; t + 1 < d.rows; ++t) {
        if (d.terminals[static_cast<size_t>(t)]) continue;
        const float* from = d.qpos_dim == 2 ? d.qpos.data() + t * 2 : d.observation(t);
        for (int i = 0; i < 2; ++i) {
            const double x = double(d.observation(t + 1)[i]) - double(from[i]);
            sum[i] += x, square[i] += x * x;
        }
        ++n;
    }
    std::vector<double> sigma;
    for (int i = 0; i < 2; ++i) {
        const double mean = n ? sum[i] / static_cast<double>(n) : 0;
        sigma.push_back(
            std::max(1e-3, n ? std::sqrt(std::max(0.0, square[i] / static_cast<double>(n) - mean * mean)) : 0));
    }
    return sigma;
}

}  // namespace

Replay replay(const Layout& layout, const data::Dataset& d, const std::vector<double>& tolerances,
              ThreadPool& threads) {
    if (d.state_dim != 2 || d.action_dim != 2)
        fail(ErrorKind::data, "a point maze has states and actions of 2 dimensions, this file has ", d.state_dim,
             " and ", d.action_dim);
    Replay result;
    result.tolerance = tolerances;
    result.sigma_delta = measured_sigma(d);
    if (!d.sigma_delta.empty()) result.sigma_delta.assign(d.sigma_delta.begin(), d.sigma_delta.end());
    struct Error {
        float absolute = -1, scaled = 0;  // -1: no transition
    };
    std::vector<Error> errors(static_cast<size_t>(d.rows));
    threads.run(d.episodes(), [&](int64_t e) {
        for (int64_t t = d.episode_start[static_cast<size_t>(e)]; t < d.episode_end(e); ++t) {
            const float* from = d.qpos_dim == 2 ? d.qpos.data() + t * 2 : d.observation(t);
            const State s = step_point(layout, {from[0], from[1]}, d.action(t)[0], d.action(t)[1]);
            const double dx = s.position.x - double(d.observation(t + 1)[0]),
                         dy = s.position.y - double(d.observation(t + 1)[1]);
            const double sx = dx / result.sigma_delta[0], sy = dy / result.sigma_delta[1];
            errors[static_cast<size_t>(t)] = {static_cast<float>(std::max(std::fabs(dx), std::fabs(dy))),
                                              static_cast<float>(std::sqrt((sx * sx + sy * sy) / 2))};
        }
    });
    result.real.violations.resize(tolerances.size()), result.synthetic.violations.resize(tolerances.size());
    result.violating_bridges.resize(tolerances.size());
    std::map<int64_t, float> worst_of_bridge;
    for (int64_t t = 0; t < d.rows; ++t) {
        const Error& error = errors[static_cast<size_t>(t)];
        if (error.absolute < 0) continue;
        const bool synthetic = !d.is_synthetic.empty() && d.is_synthetic[static_cast<size_t>(t)];
        ReplayPart& part = synthetic ? result.synthetic : result.real;
        ++part.transitions;
        if (error.absolute > part.worst || part.worst_row < 0) part.worst = error.absolute, part.worst_row = t;
        for (size_t k = 0; k < tolerances.size(); ++k) part.violations[k] += double(error.scaled) > tolerances[k];
        if (synthetic && !d.bridge.empty()) {
            float& worst = worst_of_bridge[d.bridge[static_cast<size_t>(t)]];
            worst = std::max(worst, error.scaled);
        }
    }
    result.bridges = static_cast<int64_t>(worst_of_bridge.size());
    for (const auto& [bridge, worst] : worst_of_bridge)
        for (size_t k = 0; k < tolerances.size(); ++k) result.violating_bridges[k] += double(worst) > tolerances[k];
    return result;
}

}  // namespace astro::maze
