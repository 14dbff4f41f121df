#include "astro/splice.h"

#include <algorithm>

namespace astro {

data::Dataset to_dataset(const Augmentation& augmentation, const data::Dataset& source, const Statistics& statistics,
                         int64_t qpos_columns) {
    data::Dataset out;
    out.state_dim = source.state_dim, out.action_dim = source.action_dim;
    const int64_t qvel_columns = source.state_dim - qpos_columns;  // of a state
    if (qpos_columns > 0) out.qpos_dim = qpos_columns, out.qvel_dim = qvel_columns > 0 ? qvel_columns : source.qvel_dim;
    const bool stored = out.qpos_dim > 0 && source.qpos_dim == out.qpos_dim && source.qvel_dim == out.qvel_dim;
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
            // A real row of the source keeps what is stored with it; a bridge's states have only their columns.
            const float* s = chain.observations.data() + t * out.state_dim;
            const int64_t row = chain.source_row[i];
            const bool is_real = stored && std::equal(s, s + out.state_dim, source.observation(row));
            const float* qpos = is_real ? source.qpos.data() + row * out.qpos_dim : s;
            out.qpos.insert(out.qpos.end(), qpos, qpos + out.qpos_dim);
            if (is_real)
                out.qvel.insert(out.qvel.end(), source.qvel.data() + row * out.qvel_dim,
                                source.qvel.data() + (row + 1) * out.qvel_dim);
            else if (qvel_columns > 0)
                out.qvel.insert(out.qvel.end(), s + qpos_columns, s + qpos_columns + out.qvel_dim);
            else
                out.qvel.insert(out.qvel.end(), static_cast<size_t>(out.qvel_dim), 0.0f);
        }
    }
    out.rows = static_cast<int64_t>(out.terminals.size());
    data::index_episodes(out);
    return out;
}

}  // namespace astro
