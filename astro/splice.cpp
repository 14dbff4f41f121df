#include "astro/splice.h"

#include <algorithm>

namespace astro::method {

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

}  // namespace astro::method
