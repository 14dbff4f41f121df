#include "apps/pictures/plane.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/rows.h"

namespace astro::app {

Plane::Plane(StageRunner& runner, std::vector<int64_t> columns) : runner_(runner), columns_(std::move(columns)) {
    if (!columns_.empty()) return;
    const TemporalMap& map = runner.pipeline().map();
    std::vector<float> sample;
    for (int64_t row : evenly_spaced(map.data->dataset->rows, 5000))
        sample.insert(sample.end(), map.at(row), map.at(row) + map.width);
    principal_ = principal_plane(sample, map.width);
}

std::vector<float> Plane::of_rows(const data::RecordedData& d, const std::vector<int64_t>& rows) const {
    std::vector<float> xy, states;
    for (int64_t row : rows)
        if (columns_.empty())
            states.insert(states.end(), d.data.observation(row), d.data.observation(row + 1));
        else
            for (int64_t i : columns_) xy.push_back(static_cast<float>(d.recorded.state(row, i)));
    return columns_.empty() ? of_latent_rows(states) : xy;
}

std::vector<float> Plane::of_states(const std::vector<float>& states) const {
    if (columns_.empty()) return of_latent_rows(states);
    const data::ColumnUnits& units = runner_.pipeline().units().states;
    return of(units.rows_outward<float>(states), units.columns());
}

std::vector<float> Plane::of_latent_rows(const std::vector<float>& states) const {
    const int64_t rows = ssize(states) / runner_.pipeline().train_data().state_dim;
    const std::vector<float> latent = runner_.pipeline().tdr().embed(states.data(), rows);
    std::vector<float> xy;
    for (int64_t i = 0; i < rows; ++i) {
        const auto [x, y] = principal_.project(latent.data() + i * principal_.width);
        xy.push_back(static_cast<float>(x)), xy.push_back(static_cast<float>(y));
    }
    return xy;
}

std::string Plane::axes() const {
    if (!columns_.empty()) return text("columns ", columns_[0], " and ", columns_[1], " of the states");
    return text("the two principal directions of the latents, with ", std::lround(100 * principal_.share_x), " % and ",
                std::lround(100 * principal_.share_y), " % of their variance");
}

}  // namespace astro::app
