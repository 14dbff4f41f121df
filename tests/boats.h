// Generated data sets for tests: episodes of a boat with a constant heading, and files with any arrays.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/npz.h"
#include "tensor/rng.h"

namespace astro {

struct Boats {
    int64_t rows = 0, states = 0, action_columns = 0;
    std::vector<float> observations, actions;
    std::vector<uint8_t> ends;         // (rows), 1 on the last row of an episode
    std::vector<int64_t> episode_ids;  // (rows)

    data::NpyArray observation_array() const { return data::NpyArray::from<float>({rows, states}, observations); }
    data::NpyArray action_array() const { return data::NpyArray::from<float>({rows, action_columns}, actions); }
    data::NpyArray end_array() const { return flags(ends); }
    static data::NpyArray flags(const std::vector<uint8_t>& values) {
        data::NpyArray array = data::NpyArray::from<uint8_t>({static_cast<int64_t>(values.size())}, values);
        array.type = data::NpyType::b1;
        return array;
    }
};

// x' = x + .2 u, with `columns` state and action columns. u is the heading (length .7) plus noise (standard deviation
// .4), clipped to [-1, 1]. The first state of an episode is uniform in [-10, 10]. lengths: rows of each episode.
inline Boats boats(const std::vector<int64_t>& lengths, int64_t columns = 2, uint64_t seed = 0) {
    Boats b;
    b.states = b.action_columns = columns;
    Rng rng(seed);
    for (size_t e = 0; e < lengths.size(); ++e) {
        std::vector<double> x, heading;
        double length = 0;
        for (int64_t i = 0; i < columns; ++i) {
            x.push_back(20 * rng.uniform() - 10);
            heading.push_back(rng.normal());
            length += heading.back() * heading.back();
        }
        for (int64_t t = 0; t < lengths[e]; ++t) {
            for (size_t i = 0; i < x.size(); ++i) {
                const double u = std::clamp(.7 * heading[i] / std::sqrt(length) + .4 * rng.normal(), -1.0, 1.0);
                b.observations.push_back(static_cast<float>(x[i]));
                b.actions.push_back(static_cast<float>(u));
                x[i] += .2 * u;
            }
            b.ends.push_back(t + 1 == lengths[e]);
            b.episode_ids.push_back(static_cast<int64_t>(e));
            ++b.rows;
        }
    }
    return b;
}

using Members = std::vector<std::pair<std::string, data::NpyArray>>;

inline void write_npz(const std::string& path, const Members& members,
                      const std::vector<std::pair<std::string, std::string>>& texts = {}) {
    data::NpzWriter writer(path);
    for (const auto& [key, array] : members) writer.add(key, array, data::Compression::stored);
    for (const auto& [name, content] : texts) writer.add_text(name, content);
    writer.close();
}

}  // namespace astro
