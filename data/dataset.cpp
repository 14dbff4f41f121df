#include "data/dataset.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/percentile.h"

namespace astro::data {

void index_episodes(Dataset& dataset) {
    size_t rows = static_cast<size_t>(dataset.rows);
    ASTRO_CHECK(dataset.terminals.size() == rows, "index_episodes: ", dataset.terminals.size(), " terminals for ", rows,
                " rows");
    if (rows == 0 || dataset.terminals.back() == 0) {
        fail(ErrorKind::data, "data set of ", rows, " rows: the last row must be terminal, the end of an episode");
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
    size_t rows = static_cast<size_t>(dataset.rows);
    view.rows.reserve(rows);
    view.terminals.reserve(rows);
    for (size_t row = 0; row + 1 < rows; ++row) {
        if (dataset.terminals[row] != 0) continue;
        view.rows.push_back(static_cast<int64_t>(row));
        view.terminals.push_back(dataset.terminals[row + 1]);
    }
    return view;
}

std::vector<double> step_lengths(const Dataset& dataset, const std::vector<int64_t>& rows) {
    std::vector<double> lengths;
    lengths.reserve(rows.size());
    for (int64_t row : rows) {
        const float *from = dataset.observation(row), *to = dataset.observation(row + 1);
        double sum = 0;
        for (int64_t d = 0; d < dataset.state_dim; ++d) {
            double difference = static_cast<double>(to[d]) - static_cast<double>(from[d]);
            sum += difference * difference;
        }
        lengths.push_back(std::sqrt(sum));
    }
    return lengths;
}

double jump_threshold(std::vector<double> lengths) {
    if (lengths.empty()) return 0;
    const auto index = static_cast<int64_t>((lengths.size() - 1) * 99 / 100);
    return 5 * order_statistic(std::move(lengths), index);
}

}  // namespace astro::data
