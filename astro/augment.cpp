// Acceptance of bridges, and the data sets made of chains.
#include <algorithm>
#include <cmath>
#include <limits>

#include "astro/chains.h"

namespace astro {

namespace {

double percentile(std::vector<double>& values, double percent) {
    const auto at = values.begin() + static_cast<int64_t>(percent / 100 * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace

AcceptanceBounds measure_bounds(const AugmentConfig& config, const Trajectories& data, const Statistics& statistics,
                                const std::vector<std::vector<Bridge>>& validation_bridges, int64_t ensemble) {
    const data::Dataset& d = *data.dataset;
    std::vector<double> largest;
    for (int64_t t = 0; t + 1 < d.rows; ++t) {
        if (data.segment(t) != data.segment(t + 1)) continue;
        double most = 0;
        for (int64_t i = 0; i < d.state_dim; ++i)
            most = std::max(most, std::fabs(double(d.observation(t + 1)[i]) - double(d.observation(t)[i])) /
                                      statistics.sigma_delta[static_cast<size_t>(i)]);
        largest.push_back(most);
    }
    AcceptanceBounds bounds;
    bounds.arrival = config.accept_threshold;
    bounds.largest_step = config.plausibility * percentile(largest, config.plausibility_percentile);
    bounds.disagreement = std::numeric_limits<double>::infinity();
    if (ensemble > 1) {
        std::vector<double> disagreement;
        for (const auto& candidates : validation_bridges)
            if (!candidates.empty()) disagreement.push_back(candidates[0].disagreement);
        if (!disagreement.empty()) bounds.disagreement = percentile(disagreement, config.disagreement_percentile);
    }
    return bounds;
}

Verdict judge(const Bridge& bridge, const std::vector<float>& source_state, const Statistics& statistics,
              const AcceptanceBounds& bounds) {
    if (!(bridge.error <= bounds.arrival)) return Verdict::arrival;
    const size_t ds = source_state.size();
    const float* before = source_state.data();
    for (size_t at = 0; at < bridge.states.size(); at += ds) {
        const float* after = bridge.states.data() + at;
        for (size_t i = 0; i < ds; ++i)
            if (std::fabs(double(after[i]) - double(before[i])) / statistics.sigma_delta[i] > bounds.largest_step)
                return Verdict::implausible;
        before = after;
    }
    return bridge.disagreement <= bounds.disagreement ? Verdict::accepted : Verdict::disagreement;
}

double plan_deviation(const std::vector<BridgeAttempt>& attempts, const data::Dataset& real) {
    auto variance = [](const std::vector<double>& sum, const std::vector<double>& square, double n) {
        double total = 0;
        for (size_t i = 0; i < sum.size(); ++i) total += square[i] / n - sum[i] / n * sum[i] / n;
        return total;
    };
    const auto dims = static_cast<size_t>(real.action_dim);
    std::vector<double> sum(dims), square(dims), real_sum(dims), real_square(dims);
    int64_t planned = 0;
    for (const BridgeAttempt& attempt : attempts)
        for (size_t a = 0; a < attempt.bridge.actions.size(); ++a, planned += a % dims == 0) {
            const double x = attempt.bridge.actions[a];
            sum[a % dims] += x, square[a % dims] += x * x;
        }
    for (size_t a = 0; a < real.actions.size(); ++a) {
        const double x = real.actions[a];
        real_sum[a % dims] += x, real_square[a % dims] += x * x;
    }
    const double deviation = variance(real_sum, real_square, static_cast<double>(real.rows));
    if (planned == 0 || deviation <= 0) return 0;
    return std::sqrt(std::max(0.0, variance(sum, square, static_cast<double>(planned)) / deviation));
}

const char* verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::accepted:
            return "accepted";
        case Verdict::arrival:
            return "arrival";
        case Verdict::implausible:
            return "implausible";
        case Verdict::disagreement:
            return "disagreement";
    }
    return "?";
}

data::Dataset to_dataset(const Augmentation& augmentation, const data::Dataset& source, const Statistics& statistics,
                         bool states_are_positions) {
    data::Dataset out;
    out.state_dim = source.state_dim, out.action_dim = source.action_dim;
    if (states_are_positions) out.qpos_dim = source.state_dim, out.qvel_dim = source.qvel_dim;
    for (double s : statistics.sigma_delta) out.sigma_delta.push_back(static_cast<float>(s));
    for (const Chain& chain : augmentation.chains) {
        out.observations.insert(out.observations.end(), chain.observations.begin(), chain.observations.end());
        out.actions.insert(out.actions.end(), chain.actions.begin(), chain.actions.end());
        const int64_t rows = chain.rows();
        for (int64_t t = 0; t < rows; ++t) {
            const auto i = static_cast<size_t>(t);
            const int64_t attempt = chain.attempt[i];
            out.terminals.push_back(t == rows - 1 || chain.ends[i] ? 1 : 0);
            out.is_synthetic.push_back(attempt >= 0 ? 1 : 0);
            out.bridge.push_back(attempt);
            out.source_row.push_back(chain.source_row[i]);
            out.target_row.push_back(chain.target_row[i]);
            out.arrival_error.push_back(
                attempt >= 0 ? static_cast<float>(augmentation.attempts[static_cast<size_t>(attempt)].bridge.error)
                             : 0.0f);
            // A row that is a real row of the source keeps its velocities; a bridge's states have none.
            const float* s = chain.observations.data() + t * out.state_dim;
            const float* real = source.observation(chain.source_row[i]);
            const bool is_real = std::equal(s, s + out.state_dim, real);
            for (int64_t j = 0; j < out.qvel_dim; ++j)
                out.qvel.push_back(is_real ? source.qvel[static_cast<size_t>(chain.source_row[i] * out.qvel_dim + j)]
                                           : 0.0f);
        }
    }
    if (states_are_positions) out.qpos = out.observations;
    out.rows = static_cast<int64_t>(out.terminals.size());
    data::index_episodes(out);
    return out;
}

data::Dataset duplicate_control(const TemporalMap& map, int64_t rows, int64_t tail_rows, uint64_t seed) {
    const Trajectories& data = *map.data;
    const data::Dataset& d = *data.dataset;
    data::Dataset out;
    out.state_dim = d.state_dim, out.action_dim = d.action_dim;
    Rng rng = Rng(seed).stream("duplicate");
    while (static_cast<int64_t>(out.terminals.size()) < rows) {
        const int64_t k = rng.below(data.count());
        const int64_t first = data.begin(k),
                      last = std::min(data.last(k), map.arrival[static_cast<size_t>(k)] + tail_rows);
        if (last == first) continue;
        out.observations.insert(out.observations.end(), d.observation(first), d.observation(last + 1));
        out.actions.insert(out.actions.end(), d.action(first), d.action(last + 1));
        out.terminals.insert(out.terminals.end(), static_cast<size_t>(last - first), 0);
        out.terminals.push_back(1);
    }
    out.rows = static_cast<int64_t>(out.terminals.size());
    data::index_episodes(out);
    return out;
}

}  // namespace astro
