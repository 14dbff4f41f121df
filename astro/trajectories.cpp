#include "astro/trajectories.h"

#include <algorithm>
#include <cmath>

#include "data/jumps.h"
#include "tensor/base/error.h"
#include "tensor/base/moments.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// change_scale of value(t, dimension) over the rows with keep(t), for states whose standard deviation is 1.
template <class Keep, class Value>
std::vector<double> change_scales(int64_t rows, int64_t dims, double share, Keep keep, Value value) {
    std::vector<Moments> columns(to_size(dims));
    for (int64_t t = 0; t < rows; ++t) {
        if (!keep(t)) continue;
        for (int64_t i = 0; i < dims; ++i) nth(columns, i).add(value(t, i));
    }
    std::vector<double> scales;
    for (const Moments& column : columns) scales.push_back(change_scale(column, 1, share));
    return scales;
}

}  // namespace

int64_t Trajectories::longest() const {
    int64_t rows = 0;
    for (int64_t k = 0; k < count(); ++k) rows = std::max(rows, last(k) - begin(k) + 1);
    return rows;
}

Trajectories cut_at_jumps(const data::Dataset& dataset, double factor) {
    const data::Jumps found = data::find_jumps(dataset, factor);
    const std::vector<int64_t>& jumps = found.rows;
    Trajectories result;
    result.dataset = &dataset;
    result.undecided = found.undecided;
    result.segment_of.resize(to_size(dataset.rows));
    auto jump = jumps.begin();
    for (int64_t t = 0; t < dataset.rows; ++t) {
        const bool jumped = jump != jumps.end() && *jump == t - 1;
        if (jumped) ++jump;
        if (t == 0 || nth(dataset.terminals, t - 1) || jumped) result.first.push_back(t);
        nth(result.segment_of, t) = static_cast<int32_t>(result.first.size() - 1);
    }
    result.first.push_back(dataset.rows);
    return result;
}

std::vector<int64_t> window_starts(const Trajectories& data, const std::vector<int64_t>& arrival, int64_t last,
                                   int64_t travelled) {
    std::vector<int64_t> starts;
    for (int64_t k = 0; k < data.count(); ++k)
        for (int64_t t = data.begin(k); t <= std::min(data.last(k) - last, nth(arrival, k) - travelled); ++t)
            starts.push_back(t);
    return starts;
}

std::vector<float> actions_from(const Trajectories& t, int64_t row, int64_t count) {
    const data::Dataset& d = *t.dataset;
    const int64_t last = std::max(row, t.last(t.segment(row)) - 1);
    std::vector<float> actions;
    for (int64_t j = 0; j < count; ++j) {
        const float* action = d.action(std::min(row + j, last));
        actions.insert(actions.end(), action, action + d.action_dim);
    }
    return actions;
}

Statistics measure(const Trajectories& trajectories, int64_t window_steps, double share) {
    const data::Dataset& d = *trajectories.dataset;
    auto differences = [&](int64_t offset) {
        return change_scales(
            d.rows, d.state_dim, share,
            [&](int64_t t) {
                return t + offset < d.rows && trajectories.segment(t + offset) == trajectories.segment(t);
            },
            [&](int64_t t, int64_t i) { return double(d.observation(t + offset)[i]) - double(d.observation(t)[i]); });
    };
    return {differences(1), differences(window_steps)};
}

namespace {

// A data set of `rows` rows of another one. cut(values, width) returns the selected rows of an array.
template <class Source, class Cut>
data::Dataset cut_rows(Source& dataset, int64_t rows, Cut cut) {
    data::Dataset part;
    part.rows = rows;
    part.state_dim = dataset.state_dim, part.action_dim = dataset.action_dim;
    data::copy_precision(dataset, part);
    part.qpos_dim = dataset.qpos_dim, part.qvel_dim = dataset.qvel_dim;
    part.observations = cut(dataset.observations, dataset.state_dim);
    part.actions = cut(dataset.actions, dataset.action_dim);
    part.terminals = cut(dataset.terminals, 1);
    part.qpos = cut(dataset.qpos, dataset.qpos_dim);
    part.qvel = cut(dataset.qvel, dataset.qvel_dim);
    data::index_episodes(part);
    return part;
}

// take_episodes(dataset, 0, count) without a copy, so that a large data set is never in memory twice.
data::Dataset keep_episodes(data::Dataset&& dataset, int64_t count) {
    const int64_t rows = nth(dataset.episode_start, count);
    return cut_rows(dataset, rows, [&](auto& values, int64_t width) {
        if (!values.empty()) values.resize(to_size(rows * width));
        return std::move(values);
    });
}

}  // namespace

data::Dataset take_episodes(const data::Dataset& dataset, int64_t first, int64_t count) {
    const int64_t from = nth(dataset.episode_start, first);
    const int64_t to = nth(dataset.episode_start, first + count);
    return cut_rows(dataset, to - from, [&](const auto& values, int64_t width) {
        std::decay_t<decltype(values)> part;
        if (!values.empty()) part.assign(values.begin() + from * width, values.begin() + to * width);
        return part;
    });
}

Split split_validation(data::Dataset dataset, double share) {
    const int64_t episodes = dataset.episodes();
    if (episodes < 2)
        fail(ErrorKind::data, "the data set has ", episodes,
             " episode: at least 2 are needed, since the last ones are held out");
    const int64_t held = std::clamp<int64_t>(std::llround(share * static_cast<double>(episodes)), 1, episodes - 1);
    Split split;
    split.validation = take_episodes(dataset, episodes - held, held);
    split.train = keep_episodes(std::move(dataset), episodes - held);
    return split;
}

}  // namespace astro::method
