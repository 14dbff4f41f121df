#include "data/environments/maze_survey.h"

#include "tensor/base/rows.h"

namespace astro::maze {

Survey::Survey(const Grid& grid, double radius, int64_t state_dim) : map(grid, radius) {
    const double edge = grid.edge(), unit = grid.unit;
    picture.bounds = {edge, edge, grid.columns() * unit, grid.rows() * unit};
    for (int i = 0; i < grid.rows(); ++i)
        for (int j = 0; j < grid.columns(); ++j)
            if (grid.wall(i, j)) picture.walls.push_back({edge + j * unit, edge + i * unit, unit, unit});
    picture.spacing = 2 * map.spacing();
    for (int64_t iy = 0; iy < map.height(); iy += 2)
        for (int64_t ix = 0; ix < map.width(); ix += 2) {
            if (!map.free(ix, iy)) continue;
            const Point p = map.point(ix, iy);
            picture.states.push_back(static_cast<float>(p.x)), picture.states.push_back(static_cast<float>(p.y));
            picture.states.insert(picture.states.end(), to_size(state_dim - 2), 0.0f);
        }
}

std::vector<double> Survey::geodesics(const float* from, const std::vector<const float*>& to) const {
    const std::vector<float> all = map.distances_from({from[0], from[1]});
    std::vector<double> distances;
    for (const float* p : to) distances.push_back(map.at(all, {p[0], p[1]}));
    return distances;
}

MazeEnvironment::MazeEnvironment(const Grid& grid, double radius, int64_t state_dim) : grid_(grid), radius_(radius) {
    spec_.state_dim = state_dim;
    spec_.position = {0, 1};
    spec_.qpos_columns = 2;
    geodesics = [this](const float* from, const std::vector<const float*>& to) {
        return surveyed().geodesics(from, to);
    };
}

const Survey& MazeEnvironment::surveyed() const {
    std::call_once(survey_once_, [this] { survey_ = std::make_unique<Survey>(grid_, radius_, spec_.state_dim); });
    return *survey_;
}

const ShortestPaths& MazeEnvironment::paths() const {
    std::call_once(paths_once_, [this] { paths_ = std::make_unique<ShortestPaths>(grid_); });
    return *paths_;
}

}  // namespace astro::maze
