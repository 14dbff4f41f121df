#include "data/dataset.h"

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

void copy_precision(const Dataset& from, Dataset& to) {
    to.origin = from.origin, to.action_origin = from.action_origin;
    to.wide_observations = from.wide_observations, to.wide_actions = from.wide_actions;
}

void index_episodes(Dataset& dataset) {
    size_t rows = to_size(dataset.rows);
    ASTRO_CHECK(dataset.terminals.size() == rows, "index_episodes: ", dataset.terminals.size(), " terminals for ", rows,
                " rows");
    if (rows == 0 || dataset.terminals.back() == 0) {
        fail(ErrorKind::data, "data set of ", rows, " rows: the last row must be the end of an episode (terminal)");
    }
    dataset.episode_start.assign(1, 0);
    dataset.episode_of.resize(rows);
    int32_t episode = 0;
    for (size_t row = 0; row < rows; ++row) {
        dataset.episode_of[row] = episode;
        if (dataset.terminals[row] == 0) continue;
        dataset.episode_start.push_back(static_cast<int64_t>(row) + 1);
        ++episode;
    }
}

RegularView regular_view(const Dataset& dataset) {
    RegularView view;
    size_t rows = to_size(dataset.rows);
    view.rows.reserve(rows);
    view.terminals.reserve(rows);
    for (size_t row = 0; row + 1 < rows; ++row) {
        if (dataset.terminals[row] != 0) continue;
        view.rows.push_back(static_cast<int64_t>(row));
        view.terminals.push_back(dataset.terminals[row + 1]);
    }
    return view;
}

}  // namespace astro::data
