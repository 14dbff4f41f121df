#include "astro/splice.h"

#include <algorithm>

#include "tensor/base/rows.h"

namespace astro::method {

data::Dataset to_dataset(const Augmentation& augmentation, const data::RecordedData& source, const data::Units& units,
                         const Statistics& statistics, int64_t qpos_columns) {
    const data::Dataset& recorded = source.recorded;
    const int64_t ds = source.data.state_dim, da = source.data.action_dim;
    const double* origin = data::or_null(recorded.origin);
    const double* action_origin = data::or_null(recorded.action_origin);
    data::Dataset out;
    out.state_dim = recorded.state_dim, out.action_dim = recorded.action_dim;
    data::copy_precision(recorded, out);
    const int64_t qvel_columns = recorded.state_dim - qpos_columns;  // of a state
    if (qpos_columns > 0)
        out.qpos_dim = qpos_columns, out.qvel_dim = qvel_columns > 0 ? qvel_columns : recorded.qvel_dim;
    const bool stored = out.qpos_dim > 0 && recorded.qpos_dim == out.qpos_dim && recorded.qvel_dim == out.qvel_dim;
    out.sigma_delta.assign(to_size(out.state_dim), 0.0f);  // 0 for constant columns
    for (size_t i = 0; i < statistics.sigma_delta.size(); ++i) {
        const auto column = to_size(units.states.varying[i]);
        out.sigma_delta[column] = static_cast<float>(statistics.sigma_delta[i] * units.states.scale[column]);
    }
    std::vector<float> state(to_size(out.state_dim)), action(to_size(out.action_dim));
    for (const Chain& chain : augmentation.chains) {
        const int64_t rows = chain.rows();
        for (int64_t t = 0; t < rows; ++t) {
            const auto i = to_size(t);
            const int64_t attempt = chain.attempt[i], row = chain.source_row[i];
            // Values of real rows are copied bit for bit from the file.
            const float* s = chain.observations.data() + t * ds;
            const float* a = chain.actions.data() + t * da;
            const bool real_state = std::equal(s, s + ds, source.data.observation(row));
            if (real_state)
                std::copy_n(recorded.observation(row), out.state_dim, state.begin());
            else
                units.states.outward(s, state.data(), origin);
            if (real_state && std::equal(a, a + da, source.data.action(row)))
                std::copy_n(recorded.action(row), out.action_dim, action.begin());
            else
                units.actions.outward(a, action.data(), action_origin);
            out.observations.insert(out.observations.end(), state.begin(), state.end());
            out.actions.insert(out.actions.end(), action.begin(), action.end());
            out.terminals.push_back(t == rows - 1 || chain.ends[i] ? 1 : 0);
            out.is_synthetic.push_back(attempt >= 0 ? 1 : 0);
            out.bridge.push_back(attempt);
            out.source_row.push_back(row);
            out.target_row.push_back(chain.target_row[i]);
            out.arrival_error.push_back(
                attempt >= 0 ? static_cast<float>(nth(augmentation.attempts, attempt).bridge.error) : 0.0f);
            // A real row keeps the qpos and qvel stored with it; for a bridge's states only the state columns are
            // known.
            const bool kept = stored && real_state;
            for (size_t column = 0; origin && column < state.size(); ++column)  // qpos and qvel have none
                state[column] = static_cast<float>(double(state[column]) + origin[column]);
            const float* qpos = kept ? recorded.qpos.data() + row * out.qpos_dim : state.data();
            out.qpos.insert(out.qpos.end(), qpos, qpos + out.qpos_dim);
            if (kept)
                out.qvel.insert(out.qvel.end(), recorded.qvel.data() + row * out.qvel_dim,
                                recorded.qvel.data() + (row + 1) * out.qvel_dim);
            else if (qpos_columns > 0 && qvel_columns > 0)
                out.qvel.insert(out.qvel.end(), state.data() + qpos_columns,
                                state.data() + qpos_columns + out.qvel_dim);
            else
                out.qvel.insert(out.qvel.end(), to_size(out.qvel_dim), 0.0f);
        }
    }
    out.rows = ssize(out.terminals);
    data::index_episodes(out);
    return out;
}

}  // namespace astro::method
